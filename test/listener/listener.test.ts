import type { IncomingMessage, ServerResponse } from 'node:http'
import t, { type Test } from 'tap'
import { Listener, type ListenerLimits } from '../../src/listener/listener.ts'
import type { Malformation } from '../../src/listener/malformed.ts'
import { openConnection } from '../helper/raw-connection.ts'
import { until } from '../helper/until.ts'
import { LISTENER_LIMITS } from '../proxy/running-proxy.ts'

interface Arrived {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly expectsContinue: boolean
}

interface Running {
  readonly listener: Listener
  readonly url: string
  readonly arrived: Arrived[]
  readonly malformed: (Malformation & { readonly peer: string; say(): void })[]
}

/** A listener that keeps what arrives; what is malformed is answered at once, unless `held`. */
async function listen(t: Test, limits: Partial<ListenerLimits> = {}, held = false): Promise<Running> {
  const arrived: Arrived[] = []
  const malformed: Running['malformed'] = []
  const listener = new Listener(
    {
      name: 'l',
      bind: { host: '127.0.0.1', port: 0 },
      channel: 'api',
      limits: { ...LISTENER_LIMITS, ...limits },
    },
    {
      onRequest: (request, response, _peer, expectsContinue) =>
        arrived.push({ request, response, expectsContinue }),
      onMalformed({ client }, found, answer) {
        const say = (): void =>
          answer({ status: found.status, contentType: 'text/plain', body: found.reason })
        malformed.push({ ...found, peer: client.address, say })
        if (!held) say()
      },
    },
  )
  t.teardown(() => listener.close(0))
  return { listener, url: await listener.listen(), arrived, malformed }
}

function next({ arrived }: Running): Promise<Arrived> {
  return until(() => arrived.shift() ?? null)
}

async function turns(): Promise<void> {
  for (let i = 0; i < 20; i++) await new Promise((done) => setImmediate(done))
}

const GET = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n'
const POST = 'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n'
const BAD = 'no such thing\r\n\r\n'

t.test('a port in use, and an address of somebody else', async (t) => {
  const { url } = await listen(t)
  const again = (host: string, port: number): Promise<string> =>
    new Listener(
      { name: 'second', bind: { host, port }, channel: 'api', limits: LISTENER_LIMITS },
      { onRequest: () => undefined, onMalformed: () => undefined },
    ).listen()
  await t.rejects(again('127.0.0.1', Number(new URL(url).port)), { code: 'ADDRESS_IN_USE' })
  await t.rejects(again('192.0.2.1', 0), { code: 'ADDRESS_UNAVAILABLE' })
})

t.test('Expect: 100-continue is told, any other expectation is not', async (t) => {
  const running = await listen(t)
  const client = await openConnection(t, running.url)
  for (const [expects, told] of [
    ['100-continue', true],
    ['something-else', false],
  ] as const) {
    client.write(`POST / HTTP/1.1\r\nHost: a\r\nExpect: ${expects}\r\nContent-Length: 2\r\n\r\n{}`)
    const { request, response, expectsContinue } = await next(running)
    t.equal(expectsContinue, told)
    if (expectsContinue) response.writeContinue()
    request.resume()
    response.end()
  }
})

t.test('connections beyond the limit are closed and counted', async (t) => {
  const running = await listen(t, { connections: 2 })
  const first = await openConnection(t, running.url)
  first.write(GET)
  await next(running)
  await (await openConnection(t, running.url)).write(GET)
  await next(running)
  const third = await openConnection(t, running.url)
  t.equal(await third.ended(), '')
  t.equal(running.listener.dropped, 1)
  first.socket.destroy()
  await until(async () => {
    const another = await openConnection(t, running.url)
    another.write(GET)
    await until(() => (another.socket.closed || running.arrived.length > 0 ? true : null))
    return running.arrived.length > 0 ? true : null
  })
})

t.test('a request that takes too long to come is refused: 408', async (t) => {
  const running = await listen(t, { headersTimeout: 100, requestTimeout: 300 })
  const silent = await openConnection(t, running.url)
  const slow = await openConnection(t, running.url)
  slow.write('GET / HTTP/1.1\r\nHost: a\r\nX-Slow: ')
  t.match(
    await slow.ended(),
    /^HTTP\/1\.1 408 Request Timeout\r\n[\s\S]*Connection: close\r\n\r\nrequest-timeout$/,
  )
  t.match(running.malformed, [{ status: 408, reason: 'request-timeout', peer: '127.0.0.1' }])
  t.equal(await silent.ended(), '', 'one that says nothing is just closed')
  t.equal(running.malformed.length, 1, 'and is no request')
  t.equal(running.arrived.length, 0)
})

t.test('headers over their limit: 431', async (t) => {
  const running = await listen(t, { header: 1024 })
  const client = await openConnection(t, running.url)
  client.write(`GET / HTTP/1.1\r\nHost: a\r\nX-Long: ${'x'.repeat(2000)}\r\n\r\n`)
  t.match(await client.ended(), /^HTTP\/1\.1 431 Request Header Fields Too Large\r\n/)
  t.match(running.malformed, [{ status: 431, reason: 'headers-too-large' }])
})

t.test('many small headers all arrive', async (t) => {
  const running = await listen(t)
  const client = await openConnection(t, running.url)
  const names = Array.from({ length: 1500 }, (_, i) => `x${i}`)
  client.write(`GET / HTTP/1.1\r\n${names.map((name) => `${name}:\r\n`).join('')}\r\n`)
  const { request } = await next(running)
  t.equal(request.rawHeaders.length, 3000)
})

t.test('CONNECT is no request that could be forwarded', async (t) => {
  const running = await listen(t)
  const client = await openConnection(t, running.url)
  client.write('CONNECT kms.example:443 HTTP/1.1\r\nHost: kms.example:443\r\n\r\n')
  t.match(await client.ended(), /^HTTP\/1\.1 501 Not Implemented\r\n/)
  t.match(running.malformed, [{ status: 501, reason: 'connect-method', peer: '127.0.0.1' }])
})

t.test('a malformed request is answered after those before it', async (t) => {
  const running = await listen(t)
  const client = await openConnection(t, running.url)
  client.write(GET + BAD)
  const { response } = await next(running)
  await until(() => running.malformed[0] ?? null)
  await turns()
  t.equal(client.received, '', 'else it would be taken for the answer of the first')
  response.end('first')
  const answers = await client.ended()
  t.match(answers, /^HTTP\/1\.1 200 OK\r\n[\s\S]*first[\s\S]*HTTP\/1\.1 400 Bad Request\r\n[\s\S]*malformed$/)
  t.equal(running.malformed.length, 1)
})

t.test('what it is answered with waits until it is recorded', async (t) => {
  const running = await listen(t, {}, true)
  const client = await openConnection(t, running.url)
  client.write(GET + BAD)
  const { response } = await next(running)
  const { say } = await until(() => running.malformed[0] ?? null)
  response.end('first')
  await client.receives(/first/)
  await turns()
  t.notMatch(client.received, /400/)
  say()
  t.match(await client.ended(), /malformed$/)
})

t.test('a body that can not be read is its request’s business', async (t) => {
  const running = await listen(t)
  const client = await openConnection(t, running.url)
  client.write(`${POST}2\r\nab\r\n`)
  const { request, response } = await next(running)
  const found: unknown[] = []
  request.on('malformed', (what) => found.push(what))
  request.resume()
  client.write('zz\r\n')
  await until(() => found[0] ?? null)
  t.strictSame(found, [{ status: 400, reason: 'malformed' }])
  t.strictSame(running.malformed, [], 'one request, one record')
  await turns()
  t.equal(client.received, '', 'whoever has the request answers it')
  response.end('answered')
  t.match(await client.ended(), /^HTTP\/1\.1 200 OK\r\n[\s\S]*answered[\s\S]*$/)
})

t.test('a body that comes too slowly, also', async (t) => {
  const running = await listen(t, { headersTimeout: 100, requestTimeout: 200 })
  const client = await openConnection(t, running.url)
  client.write(`${POST}2\r\nab\r\n`)
  const { request, response } = await next(running)
  const found = new Promise((done) => request.on('malformed', done))
  request.resume()
  t.strictSame(await found, { status: 408, reason: 'request-timeout' })
  response.end('answered')
  t.match(await client.ended(), /answered/)
})

t.test('an answer that is being given is not spoilt by what follows it', async (t) => {
  const running = await listen(t)
  const early = await openConnection(t, running.url)
  early.write(`${POST}2\r\nab\r\n`)
  const { request, response } = await next(running)
  request.resume()
  response.writeHead(200, { 'content-length': 10 })
  response.write('half ')
  await early.receives(/half/)
  early.write('zz\r\n')
  await turns()
  response.end('whole')
  t.match(await early.ended(), /\r\n\r\nhalf whole$/)
})

t.test('requests on one connection are handed on one after the other', async (t) => {
  const running = await listen(t)
  const client = await openConnection(t, running.url)
  client.write(Array.from({ length: 5 }, (_, i) => GET.replace('/', `/${i}`)).join(''))
  for (let i = 0; i < 5; i++) {
    const { request, response } = await next(running)
    t.equal(request.url, `/${i}`)
    await turns()
    t.equal(running.arrived.length, 0, 'only one at a time')
    response.end(`answer ${i}`)
  }
  const answers = await client.receives(/answer 4/)
  t.strictSame(
    answers.match(/answer \d/g),
    [0, 1, 2, 3, 4].map((i) => `answer ${i}`),
  )
})

t.test('nothing that follows a last request is handed on', async (t) => {
  const running = await listen(t)
  const client = await openConnection(t, running.url)
  client.write(GET.repeat(3))
  const { response } = await next(running)
  response.setHeader('Connection', 'close')
  response.end('last')
  t.match(await client.ended(), /last$/)
  await turns()
  t.equal(running.arrived.length, 0)
})

t.test('nothing is handed on for a client that has gone', async (t) => {
  const running = await listen(t)
  const client = await openConnection(t, running.url)
  client.write(GET.repeat(3))
  const { response } = await next(running)
  client.socket.resetAndDestroy()
  await until(() => (response.destroyed ? true : null))
  await turns()
  t.equal(running.arrived.length, 0)
})

t.test('one connection can not pile up requests without end', async (t) => {
  const running = await listen(t)
  const client = await openConnection(t, running.url)
  client.write(GET.repeat(2000))
  const { response } = await next(running)
  response.end()
  await client.ended()
  t.ok(running.arrived.length <= 1)
})

t.test('close lets what runs finish, and takes nothing new', async (t) => {
  const running = await listen(t)
  const idle = await openConnection(t, running.url)
  idle.write(GET)
  const first = await next(running)
  first.response.end('idle')
  await idle.receives(/idle/)
  const busy = await openConnection(t, running.url)
  busy.write(GET)
  const { response } = await next(running)
  const began = performance.now()
  const closed = running.listener.close(20_000)
  await idle.ended()
  await t.rejects(openConnection(t, running.url), { code: 'ECONNREFUSED' })
  response.end('finished')
  t.match(await busy.ended(), /finished/)
  await closed
  t.ok(performance.now() - began < 10_000, 'without waiting for its time to run out')
  await running.listener.close(0)
})

t.test('close does not cut off an answer that is being sent', async (t) => {
  const running = await listen(t)
  const client = await openConnection(t, running.url)
  client.socket.pause()
  client.write(GET)
  const { response } = await next(running)
  response.end('x'.repeat(8_000_000))
  const closed = running.listener.close(20_000)
  await turns()
  client.socket.resume()
  t.equal((await client.ended()).match(/x/g)?.length, 8_000_000)
  await closed
})

t.test('close cuts off what does not finish in time', async (t) => {
  const running = await listen(t)
  const busy = await openConnection(t, running.url)
  busy.write(GET)
  await next(running)
  await running.listener.close(50)
  t.equal(await busy.ended(), '')
})

t.test('a client that always has a request more does not hold up close', async (t) => {
  const running = await listen(t)
  const client = await openConnection(t, running.url)
  client.write(GET)
  const first = await next(running)
  const closed = running.listener.close(20_000)
  client.write(GET)
  first.response.end('first')
  const began = performance.now()
  await until(() => {
    running.arrived.shift()?.response.end('more')
    if (!client.socket.closed) client.write(GET)
    return client.socket.closed ? true : null
  })
  await closed
  t.ok(performance.now() - began < 10_000)
})
