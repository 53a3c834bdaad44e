import { setTimeout as delay } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { runKms, signedHeaders } from '../devkms/running-kms.ts'
import { type MovedSidecar, runMovedSidecar } from '../helper/moved-sidecar.ts'
import { type PliantUpstream, pliantUpstream } from '../helper/pliant-upstream.ts'
import { historyOf } from '../helper/running-sidecar.ts'
import { until } from '../helper/until.ts'

const HOUR = 3_600_000
const SUCCESS = { code: 'SUCCESS', data: null }

interface Stage {
  readonly sidecar: MovedSidecar
  readonly upstream: PliantUpstream
  /** Sends a signed request through keytrail; resolves with the answer's status and body. */
  send(method: string, target: string, body?: unknown): Promise<{ status: number; body: unknown }>
  /** The same, with a token in place of the signature. */
  bear(token: string, method: string, target: string): Promise<number>
  /** Creates a key, through keytrail or beside it. */
  create(beside?: 'beside'): Promise<string>
  pass(ms: number): void
}

async function stage(t: Test): Promise<Stage> {
  const kms = await runKms(t)
  kms.clock.now = Date.now()
  const upstream = await pliantUpstream(t, kms.kms.url)
  const { accessKey, accountId } = kms.account
  const sidecar = await runMovedSidecar(t, upstream.url, { requesters: { [accessKey]: accountId } })
  const call = (method: string, target: string, headers: Record<string, string>, body?: unknown) => {
    const content = body === undefined ? {} : { body: JSON.stringify(body) }
    return fetch(`${sidecar.api}${target}`, { method, headers, ...content })
  }
  const send: Stage['send'] = async (method, target, body) => {
    const headers = signedHeaders(kms.account, { method, target, now: kms.clock.now })
    const response = await call(method, target, headers, body)
    return { status: response.status, body: await response.json().catch(() => null) }
  }
  return {
    ...{ sidecar, upstream, send },
    bear: async (token, method, target) =>
      (await call(method, target, { 'x-ncp-ocapi-token': token }, {})).status,
    async create(beside) {
      if (beside === 'beside') return (await kms.createKey()).slice('/kms/v1/keys/'.length)
      const { body } = await send('POST', '/kms/v1/keys', { keyName: 'test-key', keyType: 'AES256' })
      return (body as { data: { keyTag: string } }).data.keyTag
    },
    pass(ms) {
      kms.clock.now += ms
      sidecar.pass(ms)
    },
  }
}

const path = (key: string, rest = ''): string => `/kms/v1/keys/${key}${rest}`
const encrypt = (key: string): [string, string, unknown] => [
  'POST',
  path(key, '/encrypt'),
  { plaintext: Buffer.from('x').toString('base64') },
]

interface Told {
  readonly status: number
  readonly body: { readonly records?: readonly unknown[] }
}

/** What the history API says of a key. */
async function told(sidecar: MovedSidecar, key: string, rest = '/history'): Promise<Told> {
  const response = await fetch(`${sidecar.history}/v1/keys/${key}${rest}`)
  return { status: response.status, body: (await response.json()) as Told['body'] }
}

async function tombstones(sidecar: MovedSidecar, limit: number): Promise<readonly { key: string }[]> {
  const response = await fetch(`${sidecar.history}/v1/tombstones?limit=${limit}`)
  return ((await response.json()) as { tombstones: { key: string }[] }).tombstones
}

async function namedByNobody(sidecar: MovedSidecar): Promise<string[]> {
  return (await historyOf(sidecar.history, null)).flatMap(({ key }) => key ?? [])
}

t.test('the life cycle of keys', async (t) => {
  const { sidecar, upstream, send, bear, create, pass } = await stage(t)

  await t.test('deleted: no read returns a record of it, also of the time before its ring', async (t) => {
    const key = await create('beside')
    t.equal((await send('POST', path(key, '/encrypt'), {})).status, 400)
    t.strictSame(await namedByNobody(sidecar), [key], 'a failure proves no key')
    t.equal((await send(...encrypt(key))).status, 200)
    t.not((await send('DELETE', path(key))).status, 200, 'only a key that awaits deletion can be deleted')
    t.equal((await historyOf(sidecar.history, key)).length, 2, 'a refused deletion destroys nothing')
    await send('POST', path(key, '/request-deletion'))
    t.equal((await send('DELETE', path(key))).status, 200)
    const { status, body } = await told(sidecar, key)
    t.equal(status, 410)
    t.match(body, { tombstone: { key, channel: 'api', by: 'billing-service', records: 4 } })
    for (const rest of ['', '/last-use']) t.equal((await told(sidecar, key, rest)).status, 410)
    t.strictSame(await namedByNobody(sidecar), [])
    const pages = await Promise.all(
      ['/v1/keys', '/v1/unattributed/history', path(key, '/activities'), path(key, '/last-use-info')].map(
        async (target) => (await fetch(`${sidecar.history}${target}`)).text(),
      ),
    )
    t.notOk(pages.some((text) => text.includes(key)))
    t.equal((await send(...encrypt(key))).status, 404)
    t.equal((await told(sidecar, key)).status, 410)
    t.strictSame(await namedByNobody(sidecar), [key], 'who still tries is shown')
  })

  await t.test('scheduled: destroyed by the sidecar when it is due; cancelled: not', async (t) => {
    const [doomed, spared] = [await create(), await create()]
    for (const key of [doomed, spared]) await send('POST', path(key, '/request-deletion'))
    t.match((await told(sidecar, doomed, '')).body, { state: 'destruction-scheduled' })
    t.equal((await send('POST', path(spared, '/cancel-deletion'))).status, 200)
    t.match((await told(sidecar, spared, '')).body, { state: 'live' })
    pass(72 * HOUR - 60_000)
    t.equal((await told(sidecar, doomed)).body.records?.length, 2)
    pass(60_000)
    const due = await told(sidecar, doomed)
    t.ok(due.status === 410 || due.body.records?.length === 0, 'nothing is read from that moment on')
    const gone = await until(async () => {
      const answer = await told(sidecar, doomed)
      return answer.status === 410 ? answer : null
    })
    const cause = { channel: 'system', by: 'system', scheduledBy: 'billing-service', records: 2 }
    t.match(gone.body, { tombstone: cause })
    t.match(await tombstones(sidecar, 1), [cause])
    t.equal((await told(sidecar, spared)).body.records?.length, 3)
  })

  await t.test('due while keytrail was down: destroyed before any read answers', async (t) => {
    const key = await create()
    await send('POST', path(key, '/request-deletion'))
    await sidecar.stop()
    pass(80 * HOUR)
    await sidecar.start()
    const { status, body } = await told(sidecar, key)
    t.equal(status, 410)
    t.match(body, { tombstone: { channel: 'system', records: 2 } })
  })

  await t.test('deleted, but nobody saw the answer: kept, and the record says unknown', async (t) => {
    const key = await create()
    await send('POST', path(key, '/request-deletion'))
    upstream.broken.add(`DELETE ${path(key)}`)
    t.equal((await send('DELETE', path(key))).status, 502)
    upstream.broken.clear()
    const [record] = await historyOf(sidecar.history, key)
    t.match(record, { action: 'delete-key', outcome: 'unknown', reason: 'upstream-broke-off' })
    t.match((await told(sidecar, key, '')).body, { coverage: { unknown: 1 } })
  })

  await t.test('deleted twice at once: one tombstone, and the loser is counted or nobody’s', async (t) => {
    const key = await create()
    await send('POST', path(key, '/request-deletion'))
    const answers = await Promise.all([send('DELETE', path(key)), send('DELETE', path(key))])
    t.strictSame(answers.map(({ status }) => status).sort(), [200, 404])
    t.equal((await told(sidecar, key)).status, 410)
    t.equal((await tombstones(sidecar, 9)).filter((tombstone) => tombstone.key === key).length, 1)
  })

  await t.test('under way when the key is destroyed: counted; used again: a new ring', async (t) => {
    const key = 'phoenix'
    upstream.canned.set(`POST ${path(key, '/encrypt')}`, SUCCESS).set(`DELETE ${path(key)}`, SUCCESS)
    await send(...encrypt(key))
    upstream.held.add(`POST ${path(key, '/encrypt')}`)
    const late = send(...encrypt(key))
    await upstream.reached()
    // Times are whole milliseconds.
    await delay(5)
    await send('DELETE', path(key))
    upstream.held.clear()
    await delay(5)
    t.equal((await send(...encrypt(key))).status, 200)
    upstream.release()
    t.equal((await late).status, 200)
    t.equal((await historyOf(sidecar.history, key)).length, 1, 'nothing of the old key')
    await send('DELETE', path(key))
    t.match(await tombstones(sidecar, 2), [
      { key, records: 2 },
      { key, records: 3 },
    ])
  })

  await t.test(
    'a token’s issuer: learned, forgotten at its end, with its generator, with its key',
    async (t) => {
      const key = 'tokens'
      upstream.canned.set(`POST ${path(key, '/encrypt')}`, SUCCESS).set(`DELETE ${path(key)}`, SUCCESS)
      upstream.canned.set(`PUT ${path(key, '/token-generator')}`, SUCCESS)
      const issue = async (accessToken: string): Promise<void> => {
        upstream.canned.set(`POST ${path(key, '/token-set')}`, { code: 'SUCCESS', data: { accessToken } })
        await send('POST', path(key, '/token-set'), { accessTokenHours: 2 })
      }
      const requester = async (token: string) => {
        await bear(token, 'POST', path(key, '/encrypt'))
        return (await historyOf(sidecar.history, key))[0]?.requester
      }
      await issue('opaque-1')
      const known = await requester('opaque-1')
      t.match(known, { id: 'billing-service', kind: 'token', credential: /^[0-9a-f]{16}$/ })
      t.equal((await requester('opaque-foreign'))?.id?.length, 16, 'a foreign one is told by its keyed hash')
      const claims = Buffer.from(JSON.stringify({ iss: 'claimed' })).toString('base64url')
      t.equal((await requester(`e30.${claims}.x`))?.id, 'claimed', 'or by its claims')
      await sidecar.stop()
      await sidecar.start()
      t.same(await requester('opaque-1'), known, 'known to the next start, by the same hash')
      pass(2 * HOUR)
      t.equal((await requester('opaque-1'))?.id, known?.credential)
      await issue('opaque-2')
      await send('PUT', path(key, '/token-generator'))
      t.match(await requester('opaque-2'), { id: /^[0-9a-f]{16}$/ })
      await issue('opaque-3')
      await send('DELETE', path(key))
      t.match(await requester('opaque-3'), { id: /^[0-9a-f]{16}$/ })
    },
  )
})
