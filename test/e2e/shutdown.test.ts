import { once } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import t, { type Test } from 'tap'
import { httpUpstream } from '../helper/http-upstream.ts'
import { openConnection } from '../helper/raw-connection.ts'
import { encryptRequest, load } from '../helper/raw-load.ts'
import { historyOf, type RunningSidecar, runSidecar } from '../helper/running-sidecar.ts'
import { until } from '../helper/until.ts'

const OK = JSON.stringify({ code: 'SUCCESS', data: { ciphertext: 'ncpkms:v1:c' } })

function answer(response: ServerResponse): void {
  response.writeHead(200, ['Content-Type', 'application/json', 'Content-Length', String(OK.length)])
  response.end(OK)
}

/** A key API that answers for the key `quick` at once, and for others when it is told to. */
async function slowUpstream(t: Test): Promise<{ url: string; waiting: ServerResponse[] }> {
  const waiting: ServerResponse[] = []
  const url = await httpUpstream(t, (request: IncomingMessage, response) => {
    request.on('error', () => undefined)
    response.on('error', () => undefined)
    request.resume()
    request.on('end', () => {
      if (request.url?.includes('/quick/') === true) answer(response)
      else waiting.push(response)
    })
  })
  return { url, waiting }
}

/** The readiness that the sidecar tells; null once nobody answers. */
async function readiness(sidecar: RunningSidecar): Promise<{ status: number; reasons: string[] } | null> {
  try {
    const response = await fetch(`${sidecar.history}/readyz`)
    return { status: response.status, reasons: ((await response.json()) as { reasons: string[] }).reasons }
  } catch {
    return null
  }
}

/** What the store holds, read by the next keytrail on it. */
async function recordsAfter(t: Test, sidecar: RunningSidecar, url: string, keys: readonly (string | null)[]) {
  const next = await runSidecar(t, url, {}, sidecar.dataDir)
  const records = []
  for (const key of keys) records.push(await historyOf(next.history, key))
  await next.stop('SIGKILL')
  return records
}

t.test('SIGTERM: no more connections, not ready, the rest is finished, 0', async (t) => {
  const { url, waiting } = await slowUpstream(t)
  const sidecar = await runSidecar(t, url, { shutdown: { grace: '60s' } })
  const idle = await openConnection(t, sidecar.api)
  idle.write(encryptRequest('quick', '1'))
  await idle.receives(/ciphertext/)
  const busy = await openConnection(t, sidecar.api)
  busy.write(encryptRequest('slow', '2'))
  const console = await openConnection(t, sidecar.console)
  console.write(encryptRequest('slow', '3'))
  await until(() => (waiting.length === 2 ? true : null))
  const gone = await openConnection(t, sidecar.api)
  gone.write(encryptRequest('slow', '4'))
  await until(() => (waiting.length === 3 ? true : null))
  gone.socket.destroy()
  const exited = once(sidecar.process, 'exit')
  sidecar.process.kill('SIGTERM')
  await idle.ended()
  t.match(await readiness(sidecar), { status: 503, reasons: ['keytrail is stopping'] })
  await t.rejects(fetch(`${sidecar.api}/kms/v1/keys`), 'nobody listens')
  t.equal(busy.socket.closed, false)
  for (const response of waiting.slice(0, 2)) answer(response)
  t.match(await busy.ended(), /^HTTP\/1\.1 200 [\s\S]*Connection: close[\s\S]*ciphertext/)
  t.match(await console.ended(), /^HTTP\/1\.1 200 /)
  t.equal(sidecar.process.exitCode, null, 'whose client has gone is waited for, too')
  if (waiting[2] !== undefined) answer(waiting[2])
  t.strictSame(await exited, [0, null])
  const [quick, slow] = await recordsAfter(t, sidecar, url, ['quick', 'slow'])
  t.match(quick, [{ outcome: 'success' }])
  t.match(slow, Array(3).fill({ outcome: 'success', status: 200 }))
})

t.test('what takes longer than the grace is unknown', async (t) => {
  const { url, waiting } = await slowUpstream(t)
  const sidecar = await runSidecar(t, url, { shutdown: { grace: '300ms' } })
  const busy = await openConnection(t, sidecar.api)
  busy.write(encryptRequest('quick', '1'))
  await busy.receives(/ciphertext/)
  busy.write(encryptRequest('hanging', '2'))
  const console = await openConnection(t, sidecar.console)
  console.write(encryptRequest('hanging', '3'))
  await until(() => (waiting.length === 2 ? true : null))
  t.equal(await sidecar.stop(), 0)
  t.notMatch(await console.ended(), /HTTP/, 'nothing is answered that nobody has seen')
  const [unattributed] = await recordsAfter(t, sidecar, url, [null])
  t.match(unattributed, Array(2).fill({ outcome: 'unknown', key: 'hanging' }))
})

t.test('a second signal ends it at once, and what was answered is recorded', async (t) => {
  const { url, waiting } = await slowUpstream(t)
  const sidecar = await runSidecar(t, url, { shutdown: { grace: '10m' } })
  const hanging = await openConnection(t, sidecar.api)
  hanging.write(encryptRequest('hanging', 'h'))
  await until(() => (waiting.length === 1 ? true : null))
  const answered = new Set<string>()
  let sent = 0
  const traffic = load({
    ...{ url: sidecar.api, connections: 4 },
    next: () => {
      const id = String(sent++)
      return { id, bytes: encryptRequest('quick', id) }
    },
    answered: (id) => answered.add(id),
  })
  await until(() => (answered.size > 100 ? true : null))
  const exited = once(sidecar.process, 'exit')
  sidecar.process.kill('SIGTERM')
  await until(() => {
    sidecar.process.kill('SIGTERM')
    return sidecar.process.exitCode === null ? null : true
  })
  t.strictSame(await exited, [143, null])
  await traffic
  const [quick = [], unattributed] = await recordsAfter(t, sidecar, url, ['quick', null])
  t.ok(
    quick.filter(({ outcome }) => outcome === 'success').length >= answered.size,
    `${answered.size} answered`,
  )
  t.match(unattributed, [{ outcome: 'unknown', key: 'hanging' }])
})
