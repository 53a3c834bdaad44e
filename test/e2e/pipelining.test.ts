import { execFileSync } from 'node:child_process'
import t from 'tap'
import { httpUpstream } from '../helper/http-upstream.ts'
import { openConnection } from '../helper/raw-connection.ts'
import { historyOf, runSidecar, type SeenRecord } from '../helper/running-sidecar.ts'
import { until } from '../helper/until.ts'

const CLI = new URL('../../dist/cli.js', import.meta.url).pathname
const LIMITS = { headersTimeout: '1s', requestTimeout: '2s', heldBody: '1KiB' }
const SUCCESS = '{"code":"SUCCESS"}'

function post(path: string, id: string, body = SUCCESS): string {
  return `POST ${path} HTTP/1.1\r\nHost: a\r\nX-Id: ${id}\r\nContent-Length: ${body.length}\r\n\r\n${body}`
}

t.test('what comes on one connection', { timeout: 60_000 }, async (t) => {
  const arrived: string[] = []
  const executed: string[] = []
  let answering = Promise.resolve()
  const url = await httpUpstream(t, (request, response) => {
    arrived.push(String(request.headers['x-id']))
    request.on('error', () => undefined)
    request.resume()
    request.on('end', async () => {
      const id = String(request.headers['x-id'])
      executed.push(id)
      await answering
      // The first are the slowest: whoever overtakes shows.
      const delay = 5 - (executed.length % 5)
      setTimeout(() => {
        response.writeHead(200, { 'x-ncp-trace-id': id, 'content-length': SUCCESS.length })
        response.end(SUCCESS)
      }, delay)
    })
  })
  const sidecar = await runSidecar(t, url, { limits: LIMITS })
  const nobodys = async (): Promise<SeenRecord[]> => historyOf(sidecar.history, null)

  await t.test('pipelined: each executed once, in order, recorded once, answered in order', async (t) => {
    const ids = Array.from({ length: 40 }, (_, i) => `p${i}`)
    const channels = { api: sidecar.api, console: sidecar.console }
    for (const [channel, base] of Object.entries(channels)) {
      executed.length = 0
      const client = await openConnection(t, base)
      client.write(ids.map((id, i) => post(`/kms/v1/keys/${channel}-${i % 3}/sign`, id)).join(''))
      await until(() => (client.received.split('SUCCESS').length > ids.length ? true : null))
      t.strictSame(executed, ids)
      t.strictSame(client.received.match(/(?<=x-ncp-trace-id: )\w+/g), ids)
      for (const rest of [0, 1, 2]) {
        const records = await historyOf(sidecar.history, `${channel}-${rest}`)
        t.strictSame(
          records.toReversed().map(({ requestId }) => requestId),
          ids.filter((_, i) => i % 3 === rest),
        )
        for (const record of records) t.match(record, { channel, action: 'sign', outcome: 'success' })
      }
    }
    t.strictSame(await nobodys(), [])
  })

  await t.test('a malformed request behind a good one', async (t) => {
    const client = await openConnection(t, sidecar.api)
    client.write(`${post('/kms/v1/keys/before/sign', 'good')}GET / HTTP/9.9\r\n\r\n`)
    t.match(
      await client.ended(),
      /^HTTP\/1\.1 200 [\s\S]*SUCCESS[\s\S]*HTTP\/1\.1 400 [\s\S]*"errorCode":"100"/,
    )
    t.match(await historyOf(sidecar.history, 'before'), [{ requestId: 'good', outcome: 'success' }])
    t.match(await nobodys(), [{ action: 'malformed', status: 400, reason: 'malformed' }])
  })

  await t.test(
    'a chunk that can not be read, early and late: one record, the late one with its key',
    async (t) => {
      executed.length = 0
      const chunked = 'POST /kms/v1/keys/before/sign HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n'
      const others = await nobodys()
      const spoil = async (id: string, chunk: string, ready: () => unknown): Promise<void> => {
        const client = await openConnection(t, sidecar.api)
        client.write(`${chunked}X-Id: ${id}\r\n\r\n${chunk}`)
        await until(() => (ready() ? true : null))
        client.write('xyz\r\n')
        t.match(await client.ended(), /^HTTP\/1\.1 400 [\s\S]*"errorCode":"100"/)
      }
      await spoil('held', '2\r\nab\r\n', () => true)
      await spoil('streamed', `1000\r\n${'x'.repeat(0x1000)}\r\n`, () => arrived.includes('streamed'))
      const [late, ...rest] = await historyOf(sidecar.history, 'before')
      const [early, ...before] = await nobodys()
      t.match(early, { action: 'sign', status: 400, reason: 'malformed', outcome: 'failure' })
      t.match(late, { action: 'sign', status: 400, reason: 'malformed', outcome: 'unknown' })
      t.equal(rest.length, 1)
      t.same(before, others, 'not a second time as nobody’s')
      t.notOk(arrived.includes('held'))
      t.strictSame(executed, [])
    },
  )

  await t.test('a request that comes too slowly', async (t) => {
    const before = (await nobodys()).length
    const head = await openConnection(t, sidecar.api)
    const body = await openConnection(t, sidecar.api)
    head.write('GET /kms/v1/keys/slow HTTP/1.1\r\nHost: a\r\nX-')
    body.write('POST /kms/v1/keys/slow/sign HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nhalf')
    t.match(await head.ended(), /^HTTP\/1\.1 408 [\s\S]*"errorCode":"100"/)
    t.match(await body.ended(), /^HTTP\/1\.1 408 [\s\S]*"errorCode":"100"/)
    const [second, first, ...rest] = await nobodys()
    t.match(first, { action: 'malformed', status: 408, reason: 'request-timeout', outcome: 'failure' })
    t.match(second, {
      action: 'sign',
      key: 'slow',
      status: 408,
      reason: 'request-timeout',
      outcome: 'failure',
    })
    t.equal(rest.length, before)
  })

  await t.test('stopping: what runs is finished, answered and recorded', async (t) => {
    executed.length = 0
    let answer = (): void => undefined
    answering = new Promise((done) => {
      answer = done
    })
    const client = await openConnection(t, sidecar.api)
    client.write(post('/kms/v1/keys/before/sign', 'last') + post('/kms/v1/keys/before/sign', 'not-the-last'))
    await until(() => executed[0] ?? null)
    const stopped = sidecar.stop()
    await t.rejects(
      until(async () => {
        await openConnection(t, sidecar.api)
        return null
      }),
      { code: /^ECONN(REFUSED|RESET)$/ },
    )
    answer()
    const answers = await client.ended()
    t.equal(await stopped, 0)
    const ids = answers.match(/(?<=x-ncp-trace-id: )[\w-]+/g) ?? []
    t.strictSame(ids, executed, 'what was executed was answered')
    const { NODE_OPTIONS: _, ...env } = process.env
    const args = [CLI, 'history', 'before', '--json', '--store', sidecar.dataDir]
    const { records } = JSON.parse(execFileSync(process.execPath, args, { env, encoding: 'utf8' }))
    const recorded = (records as SeenRecord[]).toReversed().flatMap(({ requestId = [] }) => requestId)
    t.strictSame(recorded, ['good', ...ids])
  })
})
