import t from 'tap'
import { openConnection } from '../helper/raw-connection.ts'
import { until } from '../helper/until.ts'
import { entry, FULL, kinds, next, POST, SMALL, SUCCESS, stage, turns } from './stage.ts'

t.test('the steps, each only after the one before', async (t) => {
  const proxy = await stage(t)
  const { recorder, client, asked } = proxy
  recorder.held.add('begin').add('finish')
  client.write(SMALL)
  const intent = await entry(recorder, 'begin')
  t.match(intent.record, { outcome: 'unknown', status: 0, key: 'k', action: 'sign', channel: 'api' })
  await turns()
  t.equal(asked.length, 0, 'nothing goes upstream before its intent is durable')
  intent.tell()
  const { response } = await next(proxy)
  t.strictSame(kinds(recorder), ['begin'])
  response.end(SUCCESS)
  const { record, ticket, effect, tell } = await entry(recorder, 'finish')
  t.match(record, {
    outcome: 'success',
    status: 200,
    key: 'k',
    address: '127.0.0.1',
    addressSource: 'socket',
  })
  t.equal(ticket, intent.ticket)
  t.match(effect, { keyProven: true, destruction: 'none' })
  await turns()
  t.equal(client.received, '', 'nothing is released before its record is durable')
  tell()
  t.match(await client.receives(/SUCCESS/), /^HTTP\/1\.1 200 OK\r\n/)
  t.strictSame(kinds(recorder), ['begin', 'finish'])
})

t.test('an intent that is refused: 503, and the upstream is not asked', async (t) => {
  const { recorder, client, asked, withheld } = await stage(t)
  recorder.refusal = FULL
  client.write(SMALL)
  const answer = await client.receives(/store-unavailable/)
  t.match(answer, /^HTTP\/1\.1 503 [\s\S]*\r\nRetry-After: 1\r\n/)
  t.match(answer, /\{"error":\{"errorCode":"500"/, 'in the key API’s shape')
  t.strictSame(withheld, ['QUEUE_FULL'])
  t.strictSame(kinds(recorder), [])
  t.equal(asked.length, 0)
})

t.test('an intent that fails later: 503, no upstream, and a note closes its ticket', async (t) => {
  for (const request of [SMALL, `${POST}Content-Length: 5000\r\n\r\n{}`]) {
    const { recorder, client, asked, withheld } = await stage(t)
    recorder.held.add('begin')
    client.write(request)
    const intent = await entry(recorder, 'begin')
    intent.tell(FULL)
    t.match(await client.receives(/store-unavailable/), /^HTTP\/1\.1 503 /)
    await turns()
    t.equal(asked.length, 0)
    t.strictSame(kinds(recorder), ['begin', 'note'])
    t.match(recorder.entry('note'), {
      ticket: intent.ticket,
      record: { outcome: 'failure', status: 503, reason: 'store-unavailable', key: 'k' },
    })
    t.strictSame(withheld, ['QUEUE_FULL'])
  }
})

t.test('a record that fails: 503 instead of the upstream’s answer, and the intent stays', async (t) => {
  for (const size of [2, 8_000_000]) {
    const proxy = await stage(t)
    const { recorder, client, withheld } = proxy
    recorder.held.add('finish')
    client.write(SMALL)
    const { response } = await next(proxy)
    response.setHeader('x-secret', 'yes')
    response.end('s'.repeat(size))
    const { tell } = await entry(recorder, 'finish')
    tell(FULL)
    const answer = await client.receives(/store-unavailable/)
    t.match(answer, /^HTTP\/1\.1 503 [\s\S]*\r\nRetry-After: 1\r\n/)
    t.notMatch(answer, /x-secret|sss/)
    t.strictSame(kinds(recorder), ['begin', 'finish'])
    t.strictSame(withheld, ['QUEUE_FULL'])
    if (size > 2) await until(() => (response.destroyed ? true : null))
  }
})

t.test('a refusal of the sidecar’s own is held back too', async (t) => {
  const { recorder, client, asked } = await stage(t, {
    acl: [{ keys: 'k', allow: [], deny: ['127.0.0.1/32'] }],
  })
  recorder.held.add('finish')
  client.write(SMALL)
  const { record, ticket, tell } = await entry(recorder, 'finish')
  t.match(record, { outcome: 'failure', status: 403 })
  t.equal(ticket, 0)
  await turns()
  t.equal(client.received, '')
  tell()
  await client.receives(/^HTTP\/1\.1 403 /)
  t.equal(asked.length, 0)
})

t.test('a refusal while the intent is on its way waits for its own record', async (t) => {
  const { recorder, client, asked } = await stage(t)
  recorder.held.add('begin').add('finish')
  client.write(`${POST}Content-Length: 4000001\r\n\r\n`)
  const intent = await entry(recorder, 'begin')
  const { record, ticket, tell } = await entry(recorder, 'finish')
  t.match(record, { outcome: 'failure', status: 413, reason: 'body-too-large' })
  t.equal(ticket, intent.ticket)
  intent.tell()
  await turns()
  t.equal(client.received, '', 'the intent’s being durable is not the record’s')
  tell()
  t.match(await client.receives(/body-too-large/), /^HTTP\/1\.1 413 [\s\S]*\r\nConnection: close\r\n/)
  t.equal(asked.length, 0)
})

t.test('both fail, one after the other: one answer', async (t) => {
  const { recorder, client, withheld } = await stage(t)
  recorder.held.add('begin').add('finish')
  client.write(`${POST}Content-Length: 4000001\r\n\r\n`)
  const intent = await entry(recorder, 'begin')
  const { tell } = await entry(recorder, 'finish')
  intent.tell(FULL)
  tell(FULL)
  const answer = await client.ended()
  t.match(answer, /^HTTP\/1\.1 503 /)
  t.equal(answer.split('HTTP/1.1').length, 2)
  t.strictSame(withheld, ['QUEUE_FULL'])
})

t.test('an answer that comes before the request is whole', async (t) => {
  for (const size of [2, 200_000]) {
    const proxy = await stage(t)
    const { recorder, client } = proxy
    client.write(`${POST}Content-Length: 3000000\r\n\r\n${'a'.repeat(100_000)}`)
    const { response } = await next(proxy)
    response.writeHead(409, { 'content-length': size })
    response.end('e'.repeat(size))
    t.match(await client.receives(new RegExp(`\r\n\r\ne{${Math.min(size, 60_000)}}`)), /^HTTP\/1\.1 409 /)
    t.match(recorder.records, [{ outcome: 'failure', status: 409, reason: '' }])
    // The rest of the body is read and dropped, and the connection goes on.
    client.write('a'.repeat(2_900_000))
    client.write(SMALL)
    const second = await next(proxy)
    second.response.end(SUCCESS)
    await client.receives(/SUCCESS/)
    t.match(recorder.records, [{ status: 409 }, { status: 200, outcome: 'success' }])
  }
})

t.test('a large answer flows while the large request still does', async (t) => {
  const proxy = await stage(t)
  const { recorder, client } = proxy
  const part = 'a'.repeat(1_000_000)
  client.write(`${POST}Content-Length: 3000000\r\n\r\n${part}`)
  const { request, response } = await next(proxy)
  response.writeHead(200, { 'content-length': 3_000_000 })
  request.pipe(response)
  await until(() => (client.received.length > 900_000 ? true : null))
  t.match(recorder.records, [{ status: 200 }], 'recorded before the first byte of it')
  client.write(part)
  client.write(part)
  await until(() => (client.received.length >= 3_000_000 ? true : null))
  client.write(SMALL)
  const second = await next(proxy)
  second.response.end(SUCCESS)
  await client.receives(/SUCCESS/)
  t.equal(recorder.records.length, 2)
})

t.test('a request whose body the dialect must see: nothing is begun before it is there', async (t) => {
  const post = 'POST /kms/v1/keys/k/encrypt HTTP/1.1\r\nHost: a\r\n'
  const proxy = await stage(t)
  const { recorder, client, asked } = proxy
  client.write(`${post}Content-Length: 27\r\n\r\n{"plaintext":`)
  await turns()
  t.strictSame(kinds(recorder), [])
  client.write('["YQ==","YQ"]}')
  const { request, response } = await next(proxy)
  t.strictSame(kinds(recorder), ['begin'])
  t.equal(request.headers['content-length'], '27')
  response.end(SUCCESS)
  await client.receives(/SUCCESS/)
  t.match(recorder.records, [{ action: 'encrypt', items: 2, outcome: 'success' }])

  const gone = await openConnection(t, proxy.url)
  gone.write(`${post}Content-Length: 24\r\n\r\n{"plaintext":`)
  await turns()
  gone.socket.resetAndDestroy()
  await until(() => recorder.records[1] ?? null)
  client.write(`${post}Content-Length: 4000001\r\n\r\n`)
  await client.receives(/HTTP\/1\.1 413/)
  t.match(recorder.records.slice(1), [{ reason: 'client-gone' }, { reason: 'body-too-large' }])
  t.strictSame(kinds(recorder), ['begin', 'finish', 'finish', 'finish'])
  t.equal(asked.length, 0)
})

t.test('counters agree with the records', async (t) => {
  const proxy = await stage(t, { acl: [{ keys: 'closed', allow: [], deny: ['127.0.0.1/32'] }] })
  proxy.client.write(SMALL)
  const { response } = await next(proxy)
  response.end(SUCCESS)
  await proxy.client.receives(/SUCCESS/)
  proxy.client.write('GET /kms/v1/keys/closed HTTP/1.1\r\nHost: a\r\n\r\n')
  await proxy.client.receives(/HTTP\/1\.1 403/)
  proxy.client.write('no request\r\n\r\n')
  await proxy.client.ended()
  const { counters, recorder } = proxy
  t.equal(counters.count, 3)
  t.equal(recorder.records.length, 3)
  t.equal(
    counters.exchanges.reduce((sum, count) => sum + count, 0),
    3,
  )
})
