import t from 'tap'
import { sendRaw } from '../helper/raw-client.ts'
import { rawUpstream } from '../helper/raw-upstream.ts'
import { historyOf, runSidecar } from '../helper/running-sidecar.ts'

const OK = 'HTTP/1.1 200 Fine\r\nContent-Length: 2\r\n\r\n{}'

t.test('request target, headers and body reach the upstream as they were sent', async (t) => {
  const upstream = await rawUpstream(t, ({ received, socket }) => {
    if (received.endsWith('body!')) socket.write(OK)
  })
  const sidecar = await runSidecar(t, upstream.url)
  const target = '/kms/v1/keys/k%41bc/encrypt?query1=&query2&q=%2f%2F;a=b+c&d=%7E'
  const headers = [
    'Host: kms.example',
    'X-Dup: one',
    'x-DUP: two',
    'X-Latin: caf\xe9',
    'x-ncp-apigw-timestamp: 1',
    'X-Empty:',
  ]
  const sent = `POST ${target} HTTP/1.1\r\n${headers.join('\r\n')}\r\nContent-Length: 5\r\nConnection: close\r\n\r\nbody!`
  const answer = await sendRaw(sidecar.api, sent)
  t.match(answer, /^HTTP\/1\.1 200 Fine\r\n/)
  t.match(answer, /\r\n\r\n\{\}$/)
  const [seen = ''] = upstream.connections.map(({ received }) => received)
  t.equal(seen.slice(0, seen.indexOf('\r\n')), `POST ${target} HTTP/1.1`)
  for (const header of headers.slice(1)) t.ok(seen.includes(`\r\n${header.replace(/:$/, ': ')}\r\n`), header)
  t.ok(seen.includes('\r\nhost: kms.example\r\n'))
  t.ok(seen.endsWith('\r\n\r\nbody!'))
  const [record] = await historyOf(sidecar.history, 'kAbc')
  t.match(record, { action: 'encrypt', outcome: 'success', status: 200 })
})
