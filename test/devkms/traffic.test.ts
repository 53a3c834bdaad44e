import { EventEmitter, once } from 'node:events'
import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  request,
  type ServerResponse,
} from 'node:http'
import type { AddressInfo } from 'node:net'
import t, { type Test } from 'tap'
import { type DevKms, startDevKms } from '../../src/devkms/server.ts'
import { requestLine } from '../../src/devkms/traffic/action.ts'
import { Sender } from '../../src/devkms/traffic/sender.ts'
import { createTraffic, type Traffic } from '../../src/devkms/traffic.ts'

const actions = [
  'list-keys create-key key-info delete-key request-deletion cancel-deletion enable-key disable-key',
  'rotate enable-auto-rotation disable-auto-rotation update-rotation-period update-name update-memo',
  'list-versions enable-version disable-version activities last-use-info',
  'get-acl add-acl remove-acl enable-acl disable-acl',
  'create-token-generator get-token-generator replace-token-generator delete-token-generator',
  'create-token-set renew-token-set create-access-token',
  'encrypt decrypt re-encrypt create-custom-key sign verify get-public-key',
]
  .join(' ')
  .split(' ')

t.test(
  'one round shows every action, both channels, every account, and failures of many kinds',
  async (t) => {
    const { kms, traffic } = await startTraffic(t)
    await traffic.runOnce()
    const { sent } = traffic
    t.same(new Set(sent.map(({ action }) => action)), new Set(actions))
    t.same(new Set(sent.map(({ channel }) => channel)), new Set(['api', 'console']))
    t.same(
      new Set(sent.map(({ requester }) => requester)),
      new Set(kms.accounts.map(({ accountId }) => accountId)),
    )
    const failures = sent.filter(({ outcome }) => outcome === 'failure').map(({ status }) => status)
    t.same(new Set(failures), new Set([400, 401, 404, 409]))
    t.ok(sent.filter(({ outcome }) => outcome === 'success').length > sent.length / 2)
  },
)

t.test('what is expected is what was executed, on the channel it says', async (t) => {
  const { traffic, relayed } = await startTraffic(t)
  await traffic.runOnce()
  for (const channel of ['api', 'console'] as const) {
    const expected = traffic.sent.filter((one) => one.channel === channel)
    t.same(
      relayed[channel].map(({ status }) => status),
      expected.map(({ status }) => status),
    )
    for (const [index, { target, method }] of relayed[channel].entries()) {
      const { action, key } = expected[index] ?? { action: '', key: '' }
      if (action !== 'create-key') t.ok(target.includes(key), `${target} names ${key}`)
      if (target.startsWith('/kms/') && !action.endsWith('-version')) {
        const line = requestLine(action as 'encrypt', action === 'create-key' ? '' : key, {
          version: 1,
          query: '',
        })
        t.same([method, target.split('?')[0]], [line.method, line.target])
      }
    }
  }
  const legacy = relayed.api.filter(({ target }) => target.startsWith('/keys/'))
  t.same(new Set(legacy.map(({ target }) => target.split('/')[2])), new Set(['v1', 'v2']))
})

t.test('an expectation carries times, the created key, and the destroyed one', async (t) => {
  const { traffic } = await startTraffic(t)
  const from = Date.now()
  await traffic.runOnce()
  const to = Date.now()
  for (const { sentAt, answeredAt } of traffic.sent)
    t.ok(from <= sentAt && sentAt <= answeredAt && answeredAt <= to)
  const created = traffic.sent.filter(
    ({ action, outcome }) => action === 'create-key' && outcome === 'success',
  )
  for (const { key } of created) t.match(key, /^[0-9a-f]{52}$/)
  const destroyed = traffic.sent.filter(({ destroyedKey }) => destroyedKey !== undefined)
  t.match(destroyed, [{ action: 'delete-key', outcome: 'success', key: destroyed[0]?.destroyedKey }])
  t.ok(created.some(({ key }) => key === destroyed[0]?.destroyedKey))
})

t.test('the secrets that went over the wire are remembered, and nothing else', async (t) => {
  const { kms, traffic } = await startTraffic(t)
  await traffic.runOnce()
  const { secrets } = traffic
  for (const kind of [/^ncpkms:v1:/, /^ncpkms:v2:/, /^eyJ[\w-]+\.[\w-]+\.[\w-]+$/, /^[A-Za-z0-9+/]{43}=$/]) {
    t.ok(
      secrets.some((secret) => kind.test(secret)),
      String(kind),
    )
  }
  const harmless = [
    ...kms.accounts.flatMap((one) => [one.accountId, one.accessKey]),
    ...traffic.sent.map(({ key }) => key),
  ]
  t.notOk(secrets.some((secret) => secret === '' || harmless.includes(secret)))
  while (secrets.length < 2000) await traffic.runOnce()
  await traffic.runOnce()
  t.equal(secrets.length, 2000)
})

t.test('a key that can have no more versions is replaced', async (t) => {
  const { kms, traffic } = await startTraffic(t)
  const rotations = () => traffic.sent.filter(({ action }) => action === 'rotate')
  await traffic.runOnce()
  await wearOut(kms, rotations()[0]?.key ?? '')
  await traffic.runOnce()
  await traffic.runOnce()
  t.match(rotations(), [{ outcome: 'success' }, { outcome: 'failure', status: 409 }, { outcome: 'success' }])
  const [first, , last] = rotations()
  t.not(last?.key, first?.key)
  t.ok(traffic.sent.some(({ destroyedKey }) => destroyedKey === first?.key))
})

t.test('runs at its rate until it is stopped, and then nothing is in flight', async (t) => {
  const { traffic, relayed, answered } = await startTraffic(t, 200)
  const start = performance.now()
  traffic.start()
  while (traffic.sent.length < 50) await once(answered, 'answer')
  t.ok(
    performance.now() - start > 40 * 5,
    'requests keep their distance, after the first few that create the keys',
  )
  await traffic.stop()
  const count = traffic.sent.length
  t.equal(relayed.api.length + relayed.console.length, count)
  await new Promise((resolve) => setImmediate(resolve))
  t.equal(relayed.api.length + relayed.console.length, count)
})

t.test('keys that could not be created are asked for again', async (t) => {
  const kms = await startKms(t)
  let refusals = 0
  const url = await listen(t, (incoming, outgoing) => {
    refusals += 1
    if (refusals <= 3) outgoing.writeHead(503).end('no store')
    else relay(kms.url, incoming, outgoing)
  })
  const traffic = trafficTo(t, kms, { api: url, console: url }, 1000)
  traffic.start()
  while (!traffic.sent.some(({ action }) => action === 'encrypt'))
    await new Promise((done) => setImmediate(done))
  await traffic.stop()
  t.match(traffic.sent.slice(0, 4), [
    { action: 'create-key', key: '', outcome: 'failure', status: 503 },
    { status: 503 },
    { status: 503 },
    { action: 'create-key', key: String, outcome: 'success', status: 200 },
  ])
})

t.test('an answer that breaks off leaves the outcome unknown', async (t) => {
  const url = await listen(t, (_, outgoing) => {
    outgoing.writeHead(200, { 'content-length': 100 })
    outgoing.write('{"code":"SUCCESS"', () => outgoing.destroy())
  })
  const traffic = trafficTo(t, await startKms(t), { api: url, console: url }, 1000)
  await traffic.runOnce()
  t.match(traffic.sent[0], { action: 'create-key', key: '', outcome: 'unknown', status: 0 })
})

t.test('a request that can not have arrived is not expected anywhere', async (t) => {
  const kms = await startKms(t)
  await kms.close()
  const traffic = trafficTo(t, kms, { api: kms.url, console: kms.url }, 1000)
  await traffic.runOnce()
  t.same(traffic.sent, [])
})

/** Rotates a key of two versions until it can have no more. */
async function wearOut(kms: DevKms, key: string): Promise<void> {
  const [as] = kms.accounts
  if (as === undefined) throw new Error('expected an account')
  const sender = new Sender({
    urls: { api: kms.url, console: kms.url },
    clock: Date.now,
    pace: async () => {},
  })
  for (let version = 3; version <= 100; version += 1) await sender.send('rotate', { key, as })
  sender.close()
}

interface Relayed {
  readonly method: string
  readonly target: string
  readonly status: number
}

/** Traffic to a development key API, through one relay for each channel that notes what passes. */
async function startTraffic(t: Test, ratePerSecond = 1000) {
  const kms = await startKms(t)
  const answered = new EventEmitter()
  const relayed = { api: [] as Relayed[], console: [] as Relayed[] }
  const noting = (notes: Relayed[]) =>
    listen(t, (incoming, outgoing) => {
      const { method = '', url: target = '' } = incoming
      relay(kms.url, incoming, outgoing)
      outgoing.on('finish', () => {
        notes.push({ method, target, status: outgoing.statusCode })
        answered.emit('answer')
      })
    })
  const urls = { api: await noting(relayed.api), console: await noting(relayed.console) }
  return { kms, relayed, answered, traffic: trafficTo(t, kms, urls, ratePerSecond) }
}

async function startKms(t: Test): Promise<DevKms> {
  const kms = await startDevKms({ clock: Date.now })
  t.teardown(() => kms.close())
  return kms
}

function trafficTo(
  t: Test,
  kms: DevKms,
  urls: { api: string; console: string },
  ratePerSecond: number,
): Traffic {
  const traffic = createTraffic({
    apiUrl: urls.api,
    consoleUrl: urls.console,
    accounts: kms.accounts,
    clock: Date.now,
    ratePerSecond,
    expiredToken: (keyTag, accountId) =>
      kms.issueToken(keyTag, { accountId, use: 'access', lifetimeMs: -60_000 }),
  })
  t.teardown(() => traffic.stop())
  return traffic
}

async function listen(t: Test, handle: RequestListener): Promise<string> {
  const server = createServer(handle).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => server.close().closeAllConnections())
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

function relay(url: string, incoming: IncomingMessage, outgoing: ServerResponse): void {
  const { hostname, port } = new URL(url)
  const { method, url: path, headers } = incoming
  const onward = request({ hostname, port, method, path, headers }, (response) => {
    outgoing.writeHead(response.statusCode ?? 500, response.headers)
    response.pipe(outgoing)
  })
  incoming.pipe(onward)
}
