import t from 'tap'
import { codeOf, startHistory } from './history-fixture.ts'

t.test('liveness and readiness', async (t) => {
  let answer = async () => ({ ready: true, reasons: [] as string[] })
  const { get } = await startHistory(t, { readiness: () => answer() })
  t.same((await get('/healthz')).json, { status: 'ok', version: '1.2.3', instance: 'test-instance' })
  t.equal((await get('/readyz')).status, 200)
  answer = async () => ({ ready: false, reasons: ['the upstream does not answer'] })
  const notReady = await get('/readyz')
  t.equal(notReady.status, 503)
  t.same(notReady.json, { ready: false, reasons: ['the upstream does not answer'] })
  answer = () => Promise.reject(new Error('no'))
  t.equal((await get('/readyz')).status, 503)
  t.equal((await get('/healthz')).status, 200, 'alive all the same')
})

t.test('probes that come while readiness is being found share it', async (t) => {
  let calls = 0
  let answer: (readiness: { ready: boolean; reasons: string[] }) => void = () => {}
  const { get } = await startHistory(t, {
    readiness: () => {
      calls++
      return new Promise((resolve) => {
        answer = resolve
      })
    },
  })
  const first = get('/readyz')
  const second = get('/readyz')
  // The second one has been read by the time a third answer came back.
  await get('/healthz')
  await get('/healthz')
  answer({ ready: true, reasons: [] })
  t.same([(await first).status, (await second).status], [200, 200])
  t.equal(calls, 1)
})

t.test('metrics', async (t) => {
  let metrics = async () => 'keytrail_records_total 5\n'
  const { get } = await startHistory(t, { metrics: () => metrics() })
  const answer = await get('/metrics')
  t.equal(answer.text, 'keytrail_records_total 5\n')
  t.equal(answer.headers['content-type'], 'text/plain; version=0.0.4; charset=utf-8')
  metrics = () => Promise.reject(new Error('secret detail'))
  const failed = await get('/metrics')
  t.equal(failed.status, 500)
  t.equal(codeOf(failed), 'INTERNAL')
  t.notMatch(failed.text, 'secret')
})

t.test('the description lists every route', async (t) => {
  const { get } = await startHistory(t, { auth: { kind: 'none' } })
  const { json } = await get('/openapi.json')
  t.match(json, { openapi: '3.1.0', info: { version: '1.2.3' } })
  const { paths } = json as {
    paths: Record<string, { get: { parameters?: { name: string }[]; responses: Record<string, object> } }>
  }
  t.same(Object.keys(paths).sort(), [
    ...['/healthz', '/kms/v1/keys/{keyTag}/activities', '/kms/v1/keys/{keyTag}/last-use-info', '/metrics'],
    ...['/openapi.json', '/readyz', '/v1/keys', '/v1/keys/{key}', '/v1/keys/{key}/histogram'],
    ...['/v1/keys/{key}/history', '/v1/keys/{key}/last-use', '/v1/keys/{key}/live'],
    ...['/v1/tombstones', '/v1/unattributed/history'],
  ])
  t.same(paths['/kms/v1/keys/{keyTag}/activities']?.get.parameters?.map(({ name }) => name).sort(), [
    ...['keyTag', 'keyword', 'pageNo', 'pageSize', 'timestampFrom', 'timestampTo'],
  ])
  for (const [path, { get }] of Object.entries(paths)) {
    const contentType = path.startsWith('/kms') ? 'application/json' : 'application/problem+json'
    t.match(get.responses, { default: { content: { [contentType]: { schema: { type: 'object' } } } } }, path)
  }
  t.match(paths['/v1/keys/{key}/history']?.get.responses, {
    200: { content: { 'application/json': Object } },
  })
})
