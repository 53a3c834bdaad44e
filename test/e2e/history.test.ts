import { execFileSync } from 'node:child_process'
import t, { type Test } from 'tap'
import { startDevKms } from '../../src/devkms/server.ts'
import type { Expectation } from '../../src/devkms/traffic/expectation.ts'
import { createTraffic } from '../../src/devkms/traffic.ts'
import { httpUpstream } from '../helper/http-upstream.ts'
import { historyOf, runSidecar, type SeenRecord } from '../helper/running-sidecar.ts'

const CLI = new URL('../../dist/cli.js', import.meta.url).pathname

/** Two hops, of which the nearer one can be known, and another header that says otherwise. */
const FORWARDED = { 'x-forwarded-for': '198.51.100.7, 203.0.113.9:4711', forwarded: 'for=192.0.2.1' }

/** What every view of the history must show of a request. */
interface Facts {
  readonly channel: string
  readonly action: string
  readonly requester: string
  readonly outcome: string
  readonly status: number
}

interface Shown extends Facts {
  readonly key: string
  readonly time: number
  readonly address: string
}

/** NAVER's answer to `activities`, as far as it is looked at. */
interface Activities {
  readonly code: string
  readonly data: { readonly activityLogList: readonly Activity[]; readonly totalPageNo: number }
}

interface Activity {
  readonly timestamp: string
  readonly message: string
  readonly data: {
    readonly kmsKey: { readonly keyTag: string }
    readonly requestor: { readonly requestType: string; readonly id: string; readonly ip: string }
    readonly api: { readonly result: string; readonly action: string; readonly type: string }
  }
}

t.test('everything that was sent is found, once, wherever one looks', async (t) => {
  const kms = await startDevKms({ clock: Date.now })
  t.teardown(() => kms.close())
  const requesters = Object.fromEntries(
    kms.accounts.map(({ accessKey, accountId }) => [accessKey, accountId]),
  )
  const sidecar = await runSidecar(t, kms.url, { requesters })
  const traffic = createTraffic({
    apiUrl: sidecar.api,
    consoleUrl: sidecar.console,
    accounts: kms.accounts,
    clock: Date.now,
    ratePerSecond: 1000,
    expiredToken: (key, accountId) => kms.issueToken(key, { accountId, use: 'access', lifetimeMs: -60_000 }),
  })
  await traffic.runOnce()
  const answered = performance.now()
  await traffic.stop()
  const { sent } = traffic

  const last = sent.at(-1)
  const [newest] = await historyOf(sidecar.history, last?.key ?? '')
  t.ok(performance.now() - answered < 1000, 'within a second')
  t.match(newest, { action: last?.action, outcome: last?.outcome })

  const destroyed = new Set(sent.flatMap(({ destroyedKey = [] }) => destroyedKey))
  const made = sent.filter(({ action, outcome }) => action === 'create-key' && outcome === 'success')
  const kept = new Set(made.map(({ key }) => key).filter((key) => !destroyed.has(key)))
  t.ok(kept.size > 5 && destroyed.size > 0)

  await t.test('the metrics count the same', async (t) => {
    const text = await (await fetch(`${sidecar.history}/metrics`)).text()
    const count = (labels: string): number =>
      [...text.matchAll(/^keytrail_exchanges_total\{(.*)\} (\d+)$/gm)]
        .filter(([, found = '']) => found.includes(labels))
        .reduce((sum, [, , value]) => sum + Number(value), 0)
    t.equal(count(''), sent.length)
    for (const channel of ['api', 'console'])
      t.equal(count(`channel="${channel}"`), sent.filter((one) => one.channel === channel).length)
    for (const outcome of ['success', 'failure', 'unknown'])
      t.equal(count(`outcome="${outcome}"`), sent.filter((one) => one.outcome === outcome).length)
    for (const name of ['intents', 'records'])
      t.match(text, new RegExp(`^keytrail_${name}_total ${sent.length}$`, 'm'))
  })

  await t.test('the native API', async (t) => {
    for (const key of kept) {
      const expected = sent.filter((one) => one.key === key)
      same(t, (await historyOf(sidecar.history, key)).map(ofRecord), expected)
    }
    const nobodys = sent.filter(({ key }) => !kept.has(key) && !destroyed.has(key))
    t.ok(nobodys.length > 2)
    same(t, (await historyOf(sidecar.history, null)).map(ofRecord), nobodys)
  })

  await t.test(
    'tokens are told apart from accounts, and are verified only where they were accepted',
    async (t) => {
      const records = (await Promise.all([...kept].map((key) => historyOf(sidecar.history, key)))).flat()
      const kinds = new Set(records.map(({ requester }) => requester.kind))
      t.strictSame([...kinds].sort(), ['account', 'token'])
      for (const { requester, outcome } of records) {
        t.equal((requester as { verified?: boolean }).verified, outcome === 'success')
      }
      const issuers = new Set(kms.accounts.map(({ accountId }) => accountId))
      t.strictSame(
        records.filter(({ requester }) => !issuers.has(requester.id ?? '')),
        [],
      )
    },
  )

  await t.test('NAVER’s activities', async (t) => {
    for (const key of kept) {
      const shown = (await activitiesOf(sidecar.history, key)).map(ofActivity)
      same(
        t,
        shown,
        sent.filter((one) => one.key === key),
      )
    }
  })

  await t.test('a destroyed key has a tombstone and nothing else', async (t) => {
    const response = await fetch(`${sidecar.history}/v1/tombstones`)
    const { tombstones } = (await response.json()) as { tombstones: { key: string; records: number }[] }
    t.strictSame(new Set(tombstones.map(({ key }) => key)), destroyed)
    for (const key of destroyed) {
      t.ok(tombstones.some((tombstone) => tombstone.key === key && tombstone.records > 0))
      t.equal((await fetch(`${sidecar.history}/v1/keys/${key}/history`)).status, 410)
      const naver = await fetch(`${sidecar.history}/kms/v1/keys/${key}/activities`)
      t.notOk(naver.ok)
      t.notMatch(await naver.text(), /"timestamp"/)
      const nobodys = await historyOf(sidecar.history, null)
      t.notOk(
        nobodys.some((record) => record.key === key),
        'nor is it among those of no key',
      )
    }
  })

  await t.test('the command line', async (t) => {
    for (const key of kept) {
      const expected = sent.filter((one) => one.key === key)
      const { records, total } = commandHistory(sidecar.dataDir, key)
      t.equal(total, expected.length)
      same(t, records.map(ofRecord), expected)
    }
  })

  await t.test('nobody’s word for the client’s address is taken by default', async (t) => {
    await fetch(`${sidecar.api}/kms/v1/keys/nobodys`, { headers: FORWARDED })
    const [record] = await historyOf(sidecar.history, null)
    t.match(record, { key: 'nobodys', address: '127.0.0.1', addressSource: 'socket' })
  })
})

t.test('a trusted proxy’s word for the client’s address', async (t) => {
  const url = await httpUpstream(t, (_, response) => response.end('{"code":"SUCCESS"}'))
  const { api, history } = await runSidecar(t, url, { trustedProxies: ['127.0.0.1/32'] })
  await fetch(`${api}/kms/v1/keys/k`, { headers: FORWARDED })
  const [record] = await historyOf(history, 'k')
  t.match(record, { address: '203.0.113.9', addressSource: 'forwarded' })
})

/** Asserts that exactly what was sent is shown, newest first, each at a time when it was under way. */
function same(t: Test, shown: readonly Shown[], sent: readonly Expectation[]): void {
  const facts = ({ channel, action, requester, outcome, status }: Facts): Facts => ({
    ...{ channel, action, requester, outcome, status },
  })
  const inOrder = shown.toReversed()
  t.strictSame(inOrder.map(facts), sent.map(facts))
  for (const [index, { sentAt, answeredAt, key }] of sent.entries()) {
    const { time = 0, address = '', key: named = '' } = inOrder[index] ?? {}
    if (time < sentAt || time > answeredAt) t.fail(`${time} lies not between ${sentAt} and ${answeredAt}`)
    if (address !== '127.0.0.1') t.fail(`address ${address}`)
    if (named !== key) t.fail(`key ${named} instead of ${key}`)
  }
}

function ofRecord({ time, requester, status = 0, key = '', ...rest }: SeenRecord): Shown {
  const { channel, action, outcome, address } = rest
  return {
    ...{ channel, action, outcome, address, status, key },
    requester: requester.id ?? '',
    time: Date.parse(time),
  }
}

const OUTCOME: Readonly<Record<string, string>> = { SUCCESS: 'success', FAIL: 'failure', UNKNOWN: 'unknown' }

function ofActivity({ timestamp, message, data: { kmsKey, requestor, api } }: Activity): Shown {
  return {
    key: kmsKey.keyTag,
    time: Date.parse(timestamp),
    channel: requestor.requestType.toLowerCase(),
    address: requestor.ip,
    requester: requestor.id,
    action: api.action,
    outcome: OUTCOME[api.result] ?? '',
    status: message === 'SUCCESS' ? 200 : Number(/^FAIL: status (\d+)/.exec(message)?.[1]),
  }
}

async function activitiesOf(history: string, key: string): Promise<Activity[]> {
  const list: Activity[] = []
  for (let pageNo = 1, pages = 1; pageNo <= pages; pageNo++) {
    const response = await fetch(`${history}/kms/v1/keys/${key}/activities?pageSize=20&pageNo=${pageNo}`)
    const { code, data } = (await response.json()) as Activities
    if (code !== 'SUCCESS') throw new Error(`activities: ${code}`)
    list.push(...data.activityLogList)
    pages = data.totalPageNo
  }
  return list
}

function commandHistory(dataDir: string, key: string): { records: SeenRecord[]; total: number } {
  const { NODE_OPTIONS: _, ...env } = process.env
  const args = [CLI, 'history', key, '--json', '--limit', '10000', '--store', dataDir]
  return JSON.parse(execFileSync(process.execPath, args, { env, encoding: 'utf8' }))
}
