import t, { type Test } from 'tap'
import { sendRaw } from '../helper/raw-client.ts'
import { openConnection } from '../helper/raw-connection.ts'
import { rawUpstream } from '../helper/raw-upstream.ts'
import { until } from '../helper/until.ts'
import { type RunningProxy, runProxy } from './running-proxy.ts'

const FINAL = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}'

/** A proxy whose upstream answers every request with these bytes. */
async function answering(t: Test, bytes: string): Promise<RunningProxy> {
  const upstream = await rawUpstream(t, ({ received, socket }) => {
    if (received.endsWith('\r\n\r\n')) socket.write(bytes, 'latin1')
  })
  return runProxy(t, upstream.url)
}

function get(version: string): string {
  return `GET /kms/v1/keys/k HTTP/${version}\r\nHost: a\r\nConnection: close\r\n\r\n`
}

t.test('interim answers come before the answer, without their hop-by-hop headers', async (t) => {
  const hints =
    'HTTP/1.1 103 Early Hints\r\nLink: </a>\r\nlink: caf\xe9\r\nConnection: X-Hop\r\nX-Hop: 1\r\n\r\n'
  const proxy = await answering(t, `HTTP/1.1 102 Go on\r\n\r\n${hints}HTTP/1.1 199 \r\n\r\n${FINAL}`)
  const answer = await sendRaw(proxy.url, get('1.1'))
  const [first, second, third, last = ''] = answer.split('\r\n\r\n')
  t.equal(first, 'HTTP/1.1 102 Go on')
  t.equal(second, 'HTTP/1.1 103 Early Hints\r\nLink: </a>\r\nlink: caf\xe9')
  t.equal(third, 'HTTP/1.1 199 ')
  t.match(last, /^HTTP\/1\.1 200 OK\r\n/)
  t.match(proxy.recorder.records, [{ outcome: 'success', status: 200 }])
})

t.test('not for HTTP/1.0, which has none (RFC 9110 15.2)', async (t) => {
  const proxy = await answering(t, `HTTP/1.1 103 Early Hints\r\n\r\n${FINAL}`)
  t.match(await sendRaw(proxy.url, get('1.0')), /^HTTP\/1\.1 200 OK\r\n/)
})

t.test('an upstream that switches protocols, or says Continue, unasked is broken', async (t) => {
  for (const bytes of [
    'HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n',
    `HTTP/1.1 100 Continue\r\n\r\n${FINAL}`,
  ]) {
    const proxy = await answering(t, bytes)
    t.match(await sendRaw(proxy.url, get('1.1')), /^HTTP\/1\.1 502 /)
    t.match(proxy.recorder.records, [{ outcome: 'unknown', status: 502, reason: 'upstream-broke-off' }])
  }
})

t.test('who does not read them does not fill the memory', async (t) => {
  const hints = `HTTP/1.1 103 Early Hints\r\nLink: ${'x'.repeat(8000)}\r\n\r\n`
  const proxy = await answering(t, hints.repeat(2000) + FINAL)
  const client = await openConnection(t, proxy.url)
  client.socket.pause()
  client.write(get('1.1'))
  await until(() => proxy.recorder.records[0] ?? null)
  client.socket.resume()
  const answer = await client.ended()
  t.match(answer, /HTTP\/1\.1 200 OK\r\n[\s\S]*\{\}$/)
  t.ok(answer.length < hints.length * 2000, 'what did not fit was dropped')
})
