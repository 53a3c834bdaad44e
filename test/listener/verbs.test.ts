import t, { type Test } from 'tap'
import { openConnection } from '../helper/raw-connection.ts'
import { until } from '../helper/until.ts'
import { listen, next, turns } from './running-listener.ts'

const GET = 'GET /g HTTP/1.1\r\nHost: a\r\n\r\n'
const LIST = 'LIST /l HTTP/1.1\r\nHost: a\r\n\r\n'
const SCAN = 'SCAN /s HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc'

/** Sends `parts`, answers what arrives with its own method and target, and tells these. */
async function arrivals(t: Test, parts: readonly string[], count: number): Promise<string[]> {
  const running = await listen(t)
  const client = await openConnection(t, running.url)
  for (const part of parts) {
    client.write(part)
    await turns()
  }
  const seen: string[] = []
  for (let i = 0; i < count; i++) {
    const { request, response } = await next(running)
    let body = ''
    for await (const chunk of request) body += chunk
    seen.push(`${request.method} ${request.url} ${body}`)
    response.end(`answer to ${request.method};`)
  }
  const answers = await until(() =>
    client.received.split('answer to').length > count ? client.received : null,
  )
  t.strictSame(
    answers.match(/(?<=answer to )[^;]+/g),
    seen.map((line) => line.split(' ')[0]),
  )
  t.strictSame(running.malformed, [])
  return seen
}

t.test('methods that the parser does not know arrive under their own name', async (t) => {
  t.strictSame(await arrivals(t, [LIST], 1), ['LIST /l '])
  t.strictSame(await arrivals(t, [SCAN.replace('SCAN', 'x-Own')], 1), ['x-Own /s abc'])
})

t.test('one after the other on one connection, among others', async (t) => {
  const running = await listen(t)
  const client = await openConnection(t, running.url)
  for (const [i, sent] of [LIST, LIST, GET, SCAN, GET, LIST].entries()) {
    client.write(sent)
    const { request, response } = await next(running)
    request.resume()
    t.equal(request.method, sent.slice(0, sent.indexOf(' ')))
    response.end(`answer ${i}`)
    await client.receives(new RegExp(`answer ${i}`))
  }
})

t.test('pipelined', async (t) => {
  const sent = [GET + LIST + LIST + GET + LIST + SCAN]
  t.strictSame(await arrivals(t, sent, 6), [
    'GET /g ',
    'LIST /l ',
    'LIST /l ',
    'GET /g ',
    'LIST /l ',
    'SCAN /s abc',
  ])
})

t.test('in pieces, so long as its method and the slash behind it come in one', async (t) => {
  const pieces = ['SCAN /', 's HTTP/1.1', '\r\nHost: a\r\nContent-', 'Length: 3\r\n\r', '\na', 'bc']
  t.strictSame(await arrivals(t, pieces, 1), ['SCAN /s abc'])
})

t.test('with 100-continue', async (t) => {
  const running = await listen(t)
  const client = await openConnection(t, running.url)
  client.write('LIST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n')
  const { request, response, expectsContinue } = await next(running)
  t.equal(request.method, 'LIST')
  t.equal(expectsContinue, true)
  response.writeContinue()
  await client.receives(/100 Continue/)
  client.write('{}')
  request.resume()
  response.end('done')
  await client.receives(/done$/)
})

t.test('what is not certain is refused, once', async (t) => {
  const cases = {
    'a method in two pieces': ['LI', 'ST / HTTP/1.1\r\n\r\n'],
    'a method whose end has not come': ['LIST', ' / HTTP/1.1\r\n\r\n'],
    'behind a body': [`POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc${LIST}`],
    'another case of a known one': [LIST.replace('LIST', 'delete')],
    'no path': ['LIST  /l HTTP/1.1\r\n\r\n'],
    'no HTTP behind it': ['LIST / FTP/1.1\r\n\r\n'],
    'length and chunks': [SCAN.replace('Host: a', 'Transfer-Encoding: chunked')],
    'two spaces of obsolete folding': [LIST.replace('Host: a', 'Host: a\r\n b')],
  }
  for (const [name, parts] of Object.entries(cases)) {
    const running = await listen(t)
    const client = await openConnection(t, running.url)
    for (const part of parts) {
      client.write(part)
      await turns()
    }
    if (name === 'behind a body') {
      const { request, response } = await next(running)
      request.resume()
      response.end('first')
    }
    t.match(await client.ended(), /HTTP\/1\.1 400 Bad Request\r\n/, name)
    t.match(running.malformed, [{ status: 400, reason: 'malformed' }], name)
    t.equal(running.arrived.length, 0, name)
  }
})

t.test('it waits for the answers before it, however long, and for those only', async (t) => {
  const running = await listen(t, { headersTimeout: 100, requestTimeout: 200 })
  const client = await openConnection(t, running.url)
  client.write(GET + LIST)
  const { response } = await next(running)
  await new Promise((done) => setTimeout(done, 400))
  t.strictSame(running.malformed, [])
  response.end('first')
  const second = await next(running)
  t.equal(second.request.method, 'LIST')
  await new Promise((done) => setTimeout(done, 400))
  second.response.end('second')
  await client.receives(/first[\s\S]*second$/)
})

t.test('nothing of it after a last answer, a hang-up, or the listener’s close', async (t) => {
  for (const end of ['last', 'gone', 'close'] as const) {
    const running = await listen(t)
    const client = await openConnection(t, running.url)
    client.write(GET + LIST)
    const { response } = await next(running)
    await turns()
    if (end === 'last') response.setHeader('Connection', 'close')
    if (end === 'close') void running.listener.close(20_000)
    if (end === 'gone') client.socket.resetAndDestroy()
    response.end('first')
    await client.ended()
    await turns()
    t.equal(running.arrived.length, 0, end)
  }
})

t.test('its own deadlines hold: slow headers, a slow body, an idle connection', async (t) => {
  const running = await listen(t, { headersTimeout: 200, requestTimeout: 400, idleTimeout: 100 })
  const slow = await openConnection(t, running.url)
  slow.write('LIST / HTTP/1.1\r\nHost: a\r\nX-')
  t.match(await slow.ended(), /^HTTP\/1\.1 408 /)
  const idle = await openConnection(t, running.url)
  idle.write(LIST)
  const { response } = await next(running)
  response.end('answered')
  t.match(await idle.ended(), /answered$/)
  t.equal(running.malformed.length, 1)
})
