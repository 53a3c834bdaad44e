import { connect, type Socket } from 'node:net'
import t from 'tap'
import { countingUpstream } from '../helper/counting-upstream.ts'
import { sendRaw } from '../helper/raw-client.ts'
import { historyOf, runSidecar } from '../helper/running-sidecar.ts'
import { until } from '../helper/until.ts'

/** All of them with `TEST_IDLE=full`; that needs 10,000 open files for each of two processes. */
const COUNT = process.env['TEST_IDLE'] === 'full' ? 10_000 : 1000

/** Resident memory that one idle connection may cost, in bytes: sockets and parsers of Node take some 10,000. */
const MOST_MEMORY = 40_000

const BODY = '{}'
const ASK = `POST /kms/v1/keys/k/sign HTTP/1.1\r\nHost: a\r\nX-Id: 1\r\nContent-Length: ${BODY.length}\r\n`

/** Opens a connection, and says `text` on it. */
function open(url: string, text: string): Promise<Socket> {
  const { hostname, port } = new URL(url)
  return new Promise((done, fail) => {
    const socket = connect(Number(port), hostname, () => {
      socket.off('error', fail)
      socket.on('error', () => undefined)
      socket.resume()
      if (text !== '') socket.write(text)
      done(socket)
    })
    socket.once('error', fail)
  })
}

async function memory(historyUrl: string): Promise<number> {
  const text = await (await fetch(`${historyUrl}/metrics`)).text()
  return Number(/^process_resident_memory_bytes (\S+)$/m.exec(text)?.[1])
}

t.test(
  `${COUNT} connections that do nothing keep nobody from being served`,
  { timeout: 300_000 },
  async (t) => {
    const upstream = await countingUpstream(t, () => undefined)
    const limits = { connections: COUNT + 10, headersTimeout: '1h', requestTimeout: '1h', idleTimeout: '1h' }
    const sidecar = await runSidecar(t, upstream, { limits })
    const serve = async (): Promise<number> => {
      const began = performance.now()
      t.match(await sendRaw(sidecar.api, `${ASK}Connection: close\r\n\r\n${BODY}`), /^HTTP\/1\.1 200 /)
      return performance.now() - began
    }
    await serve()
    const before = await memory(sidecar.history)
    const sockets: Socket[] = []
    t.teardown(() => {
      for (const socket of sockets) socket.destroy()
    })
    // Silent ones, ones that stopped within a head, and (kept alive) ones that had their answer.
    const sayings = ['', 'GET /kms/v1/keys/k HTTP/1.1\r\nHost:', `${ASK}\r\n${BODY}`]
    for (let i = 0; i < COUNT; i += 100) {
      const opened = Array.from({ length: 100 }, (_, n) =>
        open(sidecar.api, sayings[(i + n) % sayings.length] ?? ''),
      )
      sockets.push(...(await Promise.all(opened)))
    }
    const kept = Math.floor(COUNT / 3)
    await until(async () => ((await historyOf(sidecar.history, 'k')).length > kept ? true : null), 120_000)
    t.ok((await serve()) < 5000, 'served among them')
    const each = ((await memory(sidecar.history)) - before) / COUNT
    t.comment(`${Math.round(each)} bytes of memory for each`)
    t.ok(each < MOST_MEMORY)
    t.ok(
      sockets.every(({ closed }) => !closed),
      'all of them still there',
    )
    for (const socket of sockets) socket.destroy()
    t.ok((await serve()) < 5000, 'served after them')
  },
)

t.test('who says nothing, or does not go on, is sent away in time', { timeout: 60_000 }, async (t) => {
  const upstream = await countingUpstream(t, () => undefined)
  const limits = { headersTimeout: '500ms', requestTimeout: '1s', idleTimeout: '500ms' }
  const sidecar = await runSidecar(t, upstream, { limits })
  const sayings = [
    '',
    'GET',
    'GET /kms/v1/keys/k HTTP/1.1\r\nHost:',
    `${ASK}\r\n`,
    `${ASK}\r\n${BODY}`,
    'LIST / HTTP/1.1\r\nX:',
  ]
  const sockets = await Promise.all(sayings.map((text) => open(sidecar.api, text)))
  await until(() => (sockets.every(({ closed }) => closed) ? true : null), 30_000)
  const records = [...(await historyOf(sidecar.history, null)), ...(await historyOf(sidecar.history, 'k'))]
  t.equal(records.filter(({ reason }) => reason === 'request-timeout').length, 4, 'each that began a request')
})
