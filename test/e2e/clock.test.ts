import t from 'tap'
import { acceptClock } from '../../src/store/clock-acceptance.ts'
import { httpUpstream } from '../helper/http-upstream.ts'
import { runMovedSidecar } from '../helper/moved-sidecar.ts'
import { until } from '../helper/until.ts'

const HOUR = 3_600_000
const DAY = 24 * HOUR
const YEAR = 365 * DAY

interface Page {
  readonly records: readonly { readonly time: string }[]
  readonly coverage: { readonly evictedByAge: number; readonly clockHeld?: true }
}

t.test('a clock that jumps ahead by a year wipes nothing until that is confirmed', async (t) => {
  const upstream = await httpUpstream(t, (request, response) => {
    request.resume()
    response.writeHead(200, { 'content-type': 'application/json' }).end('{"code":"SUCCESS","data":null}')
  })
  const sidecar = await runMovedSidecar(t, upstream)
  const use = async (key: string, action = 'encrypt'): Promise<void> => {
    const headers = { 'x-ncp-iam-access-key': 'ak' }
    const target = `${sidecar.api}/kms/v1/keys/${key}/${action}`
    const response = await fetch(target, { method: 'POST', headers, body: '{}' })
    t.equal(response.status, 200, 'requests go on')
  }
  const history = async (key: string): Promise<Page> =>
    (await (await fetch(`${sidecar.history}/v1/keys/${key}/history`)).json()) as Page
  const metric = async (): Promise<number> => {
    const text = await (await fetch(`${sidecar.history}/metrics`)).text()
    return Number(/^keytrail_clock_ahead_seconds (\S+)$/m.exec(text)?.[1])
  }
  const ready = async (): Promise<number> => (await fetch(`${sidecar.history}/readyz`)).status
  const held = (): Promise<number> => until(async () => (await metric()) || null)
  const believed = (): Promise<true> => until(async () => (await metric()) === 0 || null)

  await use('idle')
  await use('busy')
  await use('doomed', 'request-deletion')

  sidecar.set(YEAR)
  t.ok((await held()) > 0.99 * (YEAR / 1000))
  t.equal(await ready(), 200)
  await use('busy')
  const page = await history('busy')
  t.equal(page.records.length, 1, 'a reader sees nothing that is too old by the clock')
  t.match(page.records[0]?.time, new RegExp(`^${new Date(Date.now() + YEAR).getUTCFullYear()}`))
  await until(async () => (await history('busy')).coverage.clockHeld ?? null)

  await t.test('a restart does not believe it either', async () => {
    await sidecar.stop()
    await sidecar.start()
    await held()
  })

  await t.test('put right: everything is there', async (t) => {
    sidecar.set(0)
    await believed()
    t.equal((await history('idle')).records.length, 1)
    t.equal((await history('doomed')).records.length, 1, 'nor was anything destroyed as scheduled')
    t.equal((await history('busy')).records.length, 2)
    await until(async () => (await history('busy')).coverage.clockHeld === undefined || null)
  })

  await t.test('confirmed: what is due is done', async (t) => {
    sidecar.set(YEAR)
    await held()
    acceptClock(sidecar.dataDir, Date.now() + YEAR)
    await believed()
    await until(async () => (await fetch(`${sidecar.history}/v1/keys/doomed`)).status === 410 || null)
    t.match(await history('idle'), { records: [], coverage: { evictedByAge: 1 } })
  })

  await t.test('time that passes needs no word; a start after weeks does', async (t) => {
    sidecar.pass(40 * DAY)
    await use('busy')
    t.equal(await metric(), 0)
    await sidecar.stop()
    sidecar.pass(6 * DAY)
    await sidecar.start()
    t.equal(await metric(), 0)
    await sidecar.stop()
    sidecar.pass(40 * DAY)
    await sidecar.start()
    await held()
    sidecar.pass(3 * DAY)
    await believed()
  })
})
