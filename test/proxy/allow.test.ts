import t from 'tap'
import { StoreFailure } from '../../src/recorder/store-failure.ts'
import { httpUpstream } from '../helper/http-upstream.ts'
import { until } from '../helper/until.ts'
import { runProxy } from './running-proxy.ts'

const FULL = new StoreFailure('disk-full', 'no space')
const USE = '/kms/v1/keys/k/encrypt'
const READ = '/kms/v1/keys/k'

/** How many requests the upstream got, and its URL. */
async function upstream(t: Parameters<typeof httpUpstream>[0]) {
  const seen: string[] = []
  const url = await httpUpstream(t, (request, response) => {
    seen.push(String(request.url))
    request.resume()
    response.end('{"code":"SUCCESS"}')
  })
  return { seen, url }
}

t.test('only the classes that are allowed go on when no intent can be written', async (t) => {
  const { seen, url } = await upstream(t)
  const proxy = await runProxy(t, url, { onStoreFailure: { use: 'allow' } })
  proxy.recorder.refusal = FULL
  proxy.recorder.held.add('finish')
  const refused = await fetch(`${proxy.url}${READ}`)
  t.equal(refused.status, 503)
  t.equal(refused.headers.get('retry-after'), '1')
  const allowed = fetch(`${proxy.url}${USE}`, { method: 'POST', body: '{}' })
  const record = await until(() => proxy.recorder.entry('finish'))
  t.equal(record.ticket, 0)
  record.tell(FULL)
  t.equal((await allowed).status, 200)
  t.strictSame(seen, [USE])
  t.match(proxy.unrecorded, [
    { reason: 'disk-full', record: { key: 'k', action: 'encrypt', outcome: 'success' } },
  ])
  t.equal(proxy.counters.unrecorded.get('use'), 1)
  t.equal(proxy.counters.refusals.get('disk-full'), 1)
})

t.test('what can be recorded after all is recorded, and nothing is said', async (t) => {
  const { url } = await upstream(t)
  const proxy = await runProxy(t, url, { onStoreFailure: { use: 'allow' } })
  proxy.recorder.refusal = FULL
  t.equal((await fetch(`${proxy.url}${USE}`, { method: 'POST', body: '{}' })).status, 200)
  t.equal(proxy.recorder.entry('finish')?.record.outcome, 'success')
  t.strictSame(proxy.unrecorded, [])
})

t.test('an answer whose intent is durable is withheld all the same', async (t) => {
  const { seen, url } = await upstream(t)
  const proxy = await runProxy(t, url, { onStoreFailure: { use: 'allow' } })
  proxy.recorder.held.add('finish')
  const answer = fetch(`${proxy.url}${USE}`, { method: 'POST', body: '{}' })
  const record = await until(() => proxy.recorder.entry('finish'))
  t.not(record.ticket, 0)
  record.tell(FULL)
  t.equal((await answer).status, 503)
  t.equal(seen.length, 1)
  t.strictSame(proxy.unrecorded, [])
})

t.test('an intent that was not confirmed in time does not stop what is allowed', async (t) => {
  const { url } = await upstream(t)
  const proxy = await runProxy(t, url, { onStoreFailure: { use: 'allow' } })
  proxy.recorder.held.add('begin').add('finish')
  const answer = fetch(`${proxy.url}${USE}`, { method: 'POST', body: '{}' })
  const intent = await until(() => proxy.recorder.entry('begin'))
  intent.tell(new StoreFailure('deadline', 'late'))
  const record = await until(() => proxy.recorder.entry('finish'))
  t.equal(record.ticket, intent.ticket, 'whatever becomes of the intent, its record follows it')
  record.tell(new StoreFailure('deadline', 'late'))
  t.equal((await answer).status, 200)
  t.match(proxy.unrecorded, [{ reason: 'deadline' }])
})
