import { join } from 'node:path'
import t from 'tap'
import { createAuthority } from '../helper/certificates.ts'
import { openConnection } from '../helper/raw-connection.ts'
import { connectTls } from '../helper/tls-client.ts'
import { until } from '../helper/until.ts'
import { listen, next, type RunningListener } from './running-listener.ts'

const GET = 'GET /g HTTP/1.1\r\nHost: a\r\n\r\n'
const LIST = 'LIST /l HTTP/1.1\r\nHost: a\r\n\r\n'

/** Answers what arrives with its method, as often as that is expected. */
async function answer(running: RunningListener, methods: readonly string[]): Promise<string[]> {
  const seen: string[] = []
  for (const _ of methods) {
    const { request, response } = await next(running)
    request.resume()
    seen.push(String(request.method))
    response.end(`answer to ${request.method};`)
  }
  return seen
}

const METHODS = ['LIST', 'GET', 'LIST', 'LIST', 'GET']
const SENT = METHODS.map((method) => (method === 'GET' ? GET : LIST)).join('')

t.test('methods that the parser does not know, behind a PROXY header', async (t) => {
  const running = await listen(t, {}, false, { proxyProtocol: ['127.0.0.1/32'] })
  const client = await openConnection(t, running.url)
  client.write(`PROXY TCP4 203.0.113.7 127.0.0.1 5 6\r\n${SENT}`)
  t.strictSame(await answer(running, METHODS), METHODS)
  client.write(`${LIST}LIST / FTP\r\n\r\n`)
  t.strictSame(await answer(running, ['LIST']), ['LIST'])
  await client.receives(/400 Bad Request/)
  t.match(running.malformed, [{ peer: '203.0.113.7', reason: 'malformed' }])
})

t.test('under TLS', async (t) => {
  const authority = await createAuthority()
  const { cert, key } = await authority.issue({ name: 'CN=keytrail', dns: ['localhost'] })
  const directory = t.testdir({ 'cert.pem': cert, 'key.pem': key })
  const tls = {
    cert: join(directory, 'cert.pem'),
    key: join(directory, 'key.pem'),
    ca: null,
    clientCertificate: 'none',
  } as const
  const running = await listen(t, {}, false, { tls })
  const socket = await connectTls(t, running.url, { ca: authority.cert, servername: 'localhost' })
  let received = ''
  socket.on('data', (chunk: Buffer) => {
    received += chunk.toString('latin1')
  })
  socket.write(SENT)
  t.strictSame(await answer(running, METHODS), METHODS)
  for (let i = 0; i < 3; i++) {
    socket.write(i === 1 ? GET : LIST)
    t.strictSame(await answer(running, ['one']), [i === 1 ? 'GET' : 'LIST'])
    await until(() => (received.split('answer to').length > METHODS.length + i + 1 ? true : null))
  }
  t.strictSame(running.malformed, [])
})
