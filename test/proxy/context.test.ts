import t from 'tap'
import { KeytrailError } from '../../src/errors.ts'
import { closedPort } from '../helper/http-upstream.ts'
import { openConnection } from '../helper/raw-connection.ts'
import { until } from '../helper/until.ts'
import { runProxy } from './running-proxy.ts'

t.test('a malformed request is answered once it is recorded', async (t) => {
  const { url, recorder, counters } = await runProxy(t, await closedPort(), { channel: 'console' })
  recorder.held.add('finish')
  const client = await openConnection(t, url)
  client.write('no request\r\n\r\n')
  const { record, ticket, effect, tell } = await until(() => recorder.entry('finish'))
  t.match(record, {
    channel: 'console',
    address: '127.0.0.1',
    addressSource: 'socket',
    requester: { id: '', kind: 'anonymous', credential: '' },
    action: 'malformed',
    key: '',
    outcome: 'failure',
    status: 400,
    reason: 'malformed',
  })
  t.equal(ticket, 0)
  t.match(effect, { keyProven: false, destruction: 'none' })
  t.equal(client.received, '')
  tell()
  t.match(await client.ended(), /^HTTP\/1\.1 400 Bad Request\r\n[\s\S]*\{"error":\{"errorCode":"100"/)
  t.equal(counters.count, 1)
})

t.test('one that can not be recorded gets no answer but 503', async (t) => {
  const { url, recorder, withheld } = await runProxy(t, await closedPort())
  recorder.held.add('finish')
  const client = await openConnection(t, url)
  client.write('no request\r\n\r\n')
  const { tell } = await until(() => recorder.entry('finish'))
  tell(new KeytrailError('STORE_UNAVAILABLE', 'no'))
  t.match(await client.ended(), /^HTTP\/1\.1 503 Service Unavailable\r\n[\s\S]*store-unavailable/)
  t.strictSame(withheld, ['STORE_UNAVAILABLE'])
})

t.test('a client that does not wait for it', async (t) => {
  const { url, recorder } = await runProxy(t, await closedPort())
  recorder.held.add('finish')
  const client = await openConnection(t, url)
  client.write('no request\r\n\r\n')
  const { tell } = await until(() => recorder.entry('finish'))
  client.socket.resetAndDestroy()
  await client.ended()
  t.doesNotThrow(() => tell())
  t.equal(recorder.records.length, 1)
})
