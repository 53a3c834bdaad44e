import t from 'tap'
import { openConnection } from '../helper/raw-connection.ts'
import { until } from '../helper/until.ts'
import { listen, next, turns } from './running-listener.ts'

const GET = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n'
const POST = 'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n'
const BAD = 'no such thing\r\n\r\n'

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
