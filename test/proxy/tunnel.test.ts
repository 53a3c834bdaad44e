import t, { type Test } from 'tap'
import { openConnection } from '../helper/raw-connection.ts'
import { type RawConnection, type RawUpstream, rawUpstream } from '../helper/raw-upstream.ts'
import { until } from '../helper/until.ts'
import { type ProxyOptions, type RunningProxy, runProxy } from './running-proxy.ts'

const DIALECT = new URL('../fixture/dialect/tunnels.yaml', import.meta.url).pathname
const HEAD = 'HTTP/1.1 101 Fine\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nX-Own: 1\r\nX-Own: 2\r\n\r\n'

function ask(target = '/keys/k/stream', lines = 'Connection: Upgrade\r\nUpgrade: websocket\r\n'): string {
  return `GET ${target} HTTP/1.1\r\nHost: a\r\n${lines}X-Account: alice\r\n\r\n`
}

/** An upstream that answers `head` to the first request, and sends back in capitals what comes after it. */
async function echo(t: Test, head = HEAD): Promise<RawUpstream> {
  const answered = new Map<RawConnection, number>()
  return rawUpstream(t, (connection) => {
    const start = answered.get(connection)
    const { received, socket } = connection
    if (start !== undefined) socket.write(received.slice(start).toUpperCase(), 'latin1')
    else if (received.includes('\r\n\r\n')) socket.write(head, 'latin1')
    if (start !== undefined || received.includes('\r\n\r\n')) answered.set(connection, received.length)
  })
}

async function run(t: Test, options: ProxyOptions = {}, head = HEAD) {
  const upstream = await echo(t, head)
  const proxy = await runProxy(t, upstream.url, { dialect: DIALECT, ...options })
  return { upstream, proxy, client: await openConnection(t, proxy.url) }
}

function ended({ recorder }: RunningProxy) {
  return until(() => recorder.entry('finish'))
}

t.test('a tunnel is one operation, recorded when it is over', async (t) => {
  const { upstream, proxy, client } = await run(t)
  client.write(
    'GET /keys/k/stream?a=%2f;b HTTP/1.1\r\nhOst: a\r\nX-Two: 1\r\nx-other: é\r\nX-Two: 2\r\n' +
      'Connection: upgrade, X-Hop\r\nX-Hop: 1\r\nUpgrade: websocket\r\nSec-WebSocket-Key: k==\r\n\r\n',
  )
  const head = await client.receives(/\r\n\r\n/)
  t.match(
    head,
    /^HTTP\/1.1 101 Fine\r\nX-Own: 1\r\nX-Own: 2\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n$/,
  )
  t.equal(
    upstream.connections[0]?.received,
    'GET /keys/k/stream?a=%2f;b HTTP/1.1\r\nhOst: a\r\nX-Two: 1\r\nX-Two: 2\r\nx-other: é\r\n' +
      'Sec-WebSocket-Key: k==\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n',
  )
  client.write('hello')
  await client.receives(/HELLO$/)
  client.write(' again')
  await client.receives(/HELLO AGAIN$/)
  t.match(proxy.recorder.entries, [{ kind: 'begin', record: { outcome: 'unknown', key: 'k' } }])
  client.socket.end()
  const entry = await ended(proxy)
  t.match(entry.record, {
    ...{
      action: 'stream',
      key: 'k',
      outcome: 'success',
      status: 101,
      requester: { kind: 'anonymous' },
    },
    reason: 'tunnel: 11 bytes sent, 11 received',
  })
  t.match(entry.effect, { keyProven: true })
  t.equal(proxy.recorder.entries.length, 2)
  await client.ended()
})

t.test('what the upstream sends behind its 101, and before it hangs up, arrives', async (t) => {
  const { upstream, client, proxy } = await run(t, {}, `${HEAD}first`)
  client.write(ask())
  await client.receives(/\r\n\r\nfirst$/)
  const large = 'x'.repeat(3_000_000)
  upstream.connections[0]?.socket.end(large)
  const all = await client.ended()
  t.equal(all.length, HEAD.length + 5 + large.length)
  t.match((await ended(proxy)).record, { reason: `tunnel: 0 bytes sent, ${large.length + 5} received` })
})

t.test('nothing is forwarded before the intent is durable', async (t) => {
  const { upstream, client, proxy } = await run(t)
  proxy.recorder.held.add('begin')
  client.write(ask())
  const intent = await until(() => proxy.recorder.entry('begin'))
  t.equal(upstream.connections.length, 0)
  intent.tell()
  await client.receives(/^HTTP\/1.1 101/)
})

t.test('any other answer is an ordinary one, recorded before it is released', async (t) => {
  for (const answer of [
    'HTTP/1.1 426 Not so\r\nContent-Length: 4\r\nX-A: 1\r\n\r\nbody',
    'HTTP/1.1 426 Not so\r\nTransfer-Encoding: chunked\r\nX-A: 1\r\n\r\n4\r\nbody\r\n0\r\n\r\n',
    'HTTP/1.1 200 Fine\r\nContent-Length: 4\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nX-A: 1\r\n\r\nbody',
  ]) {
    const { client, proxy } = await run(t, {}, answer)
    proxy.recorder.held.add('finish')
    client.write(ask())
    const entry = await ended(proxy)
    t.equal(client.received, '')
    entry.tell()
    t.match(
      await client.receives(/body(\r\n0\r\n\r\n)?$/),
      /^HTTP\/1.1 (426 Not so|200 Fine)\r\n(.*\r\n)*X-A: 1\r\n/,
    )
    t.match(entry.record.status, answer.includes('426') ? 426 : 200)
    client.write(ask('/keys/k'))
    await until(() => (proxy.recorder.records.length > 1 ? true : null))
    client.socket.destroy()
  }
})

t.test('a large answer that is no tunnel flows once it is recorded', async (t) => {
  const body = 'y'.repeat(500_000)
  const answer = `HTTP/1.1 400 No\r\nContent-Length: ${body.length}\r\n\r\n${body}`
  const { client, proxy } = await run(t, { limits: { heldResponse: 1000 } }, answer)
  client.write(ask())
  await until(() => (client.received.endsWith(body) ? true : null))
  t.ok(client.received.startsWith('HTTP/1.1 400 No\r\n'))
  t.match((await ended(proxy)).record, { status: 400, outcome: 'failure' })
})

t.test('an upstream that breaks the rules ends it, and nobody knows the outcome', async (t) => {
  for (const answer of [
    'HTTP/1.1 101 Fine\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\n',
    'HTTP/1.1 101 Fine\r\n\r\n',
    'no HTTP at all\r\n\r\n',
  ]) {
    const { client, proxy } = await run(t, {}, answer)
    client.write(ask())
    t.match(
      (await ended(proxy)).record,
      { outcome: 'unknown', status: 502, reason: 'upstream-broke-off' },
      answer,
    )
    t.match(await client.receives(/\r\n\r\n/), /^HTTP\/1.1 502/)
  }
})

t.test('an upstream that is not there, or does not answer', async (t) => {
  const { proxy, client, upstream } = await run(t, { tunnels: { answerTimeoutMs: 300 } }, '')
  client.write(ask())
  t.match((await ended(proxy)).record, { outcome: 'unknown', status: 504, reason: 'upstream-timeout' })
  await until(() => (upstream.connections[0]?.socket.destroyed === true ? true : null))
  const nowhere = await runProxy(t, 'http://127.0.0.1:1', { dialect: DIALECT })
  const other = await openConnection(t, nowhere.url)
  other.write(ask())
  t.match((await ended(nowhere)).record, { outcome: 'failure', status: 502, reason: 'upstream-unreachable' })
})

/** Requests that must not become a tunnel: what they are answered, and recorded with. */
const ATTACKS: Record<string, { request: string; status: number; reason: string }> = {
  'a route that allows none': { request: ask('/keys/k'), status: 403, reason: 'upgrade-refused' },
  'a path no route knows': { request: ask('/other'), status: 403, reason: 'upgrade-refused' },
  'a body of some length': {
    request: `${ask().slice(0, -2)}Content-Length: 4\r\n\r\nbody`,
    ...{ status: 400, reason: 'ambiguous-upgrade' },
  },
  'a body in chunks': {
    request: `${ask().slice(0, -2)}Transfer-Encoding: chunked\r\n\r\n4\r\nbody\r\n0\r\n\r\n`,
    ...{ status: 400, reason: 'ambiguous-upgrade' },
  },
  'two protocols': {
    request: ask('/keys/k/stream', 'Connection: Upgrade\r\nUpgrade: websocket, h2c\r\n'),
    ...{ status: 400, reason: 'ambiguous-upgrade' },
  },
  'two Upgrade lines': {
    request: ask('/keys/k/stream', 'Connection: Upgrade\r\nUpgrade: websocket\r\nUpgrade: h2c\r\n'),
    ...{ status: 400, reason: 'ambiguous-upgrade' },
  },
  'another protocol': {
    request: ask('/keys/k/stream', 'Connection: Upgrade\r\nUpgrade: TLS/1.0\r\n'),
    ...{ status: 400, reason: 'ambiguous-upgrade' },
  },
}

for (const [name, { request, status, reason }] of Object.entries(ATTACKS)) {
  t.test(`refused: ${name}`, async (t) => {
    const { upstream, client, proxy } = await run(t)
    client.write(request)
    t.match(await client.receives(/\}$/), new RegExp(`^HTTP/1.1 ${status} [\\s\\S]*"reason":"${reason}"`))
    t.match(proxy.recorder.records, [{ outcome: 'failure', status, reason }])
    t.equal(upstream.connections.length, 0, 'the upstream saw nothing')
  })
}

t.test(
  'what is no request for a tunnel is an ordinary request, and the offer is not forwarded',
  async (t) => {
    const answer = 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n'
    for (const lines of [
      'Upgrade: websocket\r\n',
      'Connection: Upgrade\r\n',
      'Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n',
    ]) {
      const { upstream, client, proxy } = await run(t, {}, answer)
      client.write(ask('/keys/k/stream', lines))
      await client.receives(/^HTTP\/1.1 200/)
      t.notMatch(upstream.connections[0]?.received, /upgrade|h2c|settings/i, lines)
      t.match(proxy.recorder.records, [{ action: 'stream', status: 200 }])
      client.write(ask('/keys/k', lines))
      await until(() => (proxy.recorder.records.length === 2 ? true : null))
    }
  },
)

t.test('a client that sends on before the 101 gets no tunnel', async (t) => {
  const { upstream, client, proxy } = await run(t, {}, '')
  client.write(ask())
  await until(() => (upstream.connections[0]?.received.includes('\r\n\r\n') ? true : null))
  client.write(`POST /keys/victim HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n`)
  await until(() => (proxy.listener !== null && client.socket.bytesWritten > ask().length ? true : null))
  await new Promise((done) => setTimeout(done, 50))
  upstream.connections[0]?.socket.write(HEAD)
  await client.ended()
  t.equal(client.received, '')
  t.match((await ended(proxy)).record, { action: 'stream', reason: 'tunnel: 0 bytes sent, 0 received' })
  t.equal(upstream.connections.length, 1)
  t.notMatch(upstream.connections[0]?.received, /victim/)
})

t.test('tunnels are bounded in number and in idleness', async (t) => {
  const { proxy, client } = await run(t, { tunnels: { most: 1, idleTimeoutMs: 1000 } })
  client.write(ask())
  await client.receives(/^HTTP\/1.1 101/)
  const second = await openConnection(t, proxy.url)
  second.write(ask())
  t.match(await second.receives(/\}$/), /^HTTP\/1.1 503 /)
  await client.ended()
  t.match(proxy.recorder.records, [
    { status: 503, outcome: 'failure', reason: 'upstream-busy' },
    { status: 101, outcome: 'success' },
  ])
  second.write(ask())
  await second.receives(/101 Fine/)
})
