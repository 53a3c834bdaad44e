import t from 'tap'
import { openConnection } from '../helper/raw-connection.ts'
import { rawUpstream } from '../helper/raw-upstream.ts'
import { until } from '../helper/until.ts'
import { runProxy } from './running-proxy.ts'

const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}'

t.test('what is to be announced reaches the upstream, behind what the client said', async (t) => {
  const upstream = await rawUpstream(t, ({ socket }) => socket.write(OK))
  const { url } = await runProxy(t, upstream.url, { announce: ['x-forwarded-for', 'via'] })
  const client = await openConnection(t, url)
  client.write('GET /kms/v1/keys HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 192.0.2.1\r\n\r\n')
  await client.receives(/\{\}$/)
  t.match(upstream.connections[0]?.received, /\r\nX-Forwarded-For: 192\.0\.2\.1, 127\.0\.0\.1\r\n/i)
  t.match(upstream.connections[0]?.received, /\r\nvia: 1\.1 keytrail\r\n/i)
})

t.test('a header that Connection keeps from the upstream says nothing to the record either', async (t) => {
  const upstream = await rawUpstream(t, ({ socket }) => socket.write(OK))
  const { url, recorder } = await runProxy(t, upstream.url, { dialect: 'aws-kms' })
  const client = await openConnection(t, url)
  client.write(
    'POST / HTTP/1.1\r\nHost: a\r\nConnection: x-amz-target\r\nX-Amz-Target: TrentService.DescribeKey\r\n' +
      'Content-Length: 2\r\n\r\n{}',
  )
  await client.receives(/^HTTP\/1\.1 /)
  const [record] = await until(() => (recorder.records.length > 0 ? recorder.records : null))
  t.not(record?.action, 'DescribeKey')
  t.notMatch(upstream.connections[0]?.received ?? '', /x-amz-target/i)
})
