import { get as httpGet, type IncomingMessage } from 'node:http'
import t, { type Test } from 'tap'
import { until } from '../helper/until.ts'
import { codeOf, type HistoryFixture, record, ringOf, sha256, startHistory } from './history-fixture.ts'

interface Event {
  readonly id: string
  readonly event: string
  readonly data: { readonly seq?: number; readonly records?: number; readonly key?: string }
}

interface Live {
  readonly response: IncomingMessage
  readonly events: readonly Event[]
  /** The newest id, whichever block it came in. */
  readonly lastId: () => string
  readonly seqs: () => (number | undefined)[]
}

/** Opens a stream and parses it as a browser does (WHATWG HTML 9.2.6). */
async function listen(t: Test, { url }: HistoryFixture, target: string, lastId?: string): Promise<Live> {
  const headers = lastId === undefined ? {} : { 'last-event-id': lastId }
  const response = await new Promise<IncomingMessage>((done, fail) => {
    const request = httpGet(`${url}${target}`, { headers, agent: false }, done).on('error', fail)
    t.teardown(() => request.destroy())
  })
  const events: Event[] = []
  let buffered = ''
  let id = ''
  response.on('error', () => {})
  response.setEncoding('utf8').on('data', (chunk: string) => {
    buffered += chunk
    for (let end = buffered.indexOf('\n\n'); end !== -1; end = buffered.indexOf('\n\n')) {
      const fields = new Map(buffered.slice(0, end).split('\n').map(field))
      buffered = buffered.slice(end + 2)
      id = fields.get('id') ?? id
      const data = fields.get('data')
      if (data !== undefined) events.push({ id, event: fields.get('event') ?? '', data: JSON.parse(data) })
    }
  })
  const seqs = () => events.filter(({ event }) => event === 'record').map(({ data }) => data.seq)
  return { response, events, seqs, lastId: () => id }
}

function field(line: string): [string, string] {
  const colon = line.indexOf(':')
  return [line.slice(0, colon), line.slice(colon + 1).trimStart()]
}

t.test('new records come as they are recorded', async (t) => {
  const history = await startHistory(t)
  const { reader } = history
  reader.append(ringOf('k'), record())
  const live = await listen(t, history, '/v1/keys/k/live')
  t.equal(live.response.headers['content-type'], 'text/event-stream')
  t.equal(live.response.headers['cache-control'], 'no-store')
  await until(() => live.lastId() === '1' || null)
  const signed = reader.append(ringOf('k'), record({ action: 'sign' }))
  reader.append(ringOf('other'), record())
  await until(() => live.events.length > 0 || null)
  t.match(live.events, [{ id: '2', event: 'record', data: { seq: signed.seq, action: 'sign', key: 'k' } }])
  reader.destroy('k', 'admin', '')
  await until(() => live.response.closed || null)
  t.match(live.events.at(-1), { event: 'destroyed', data: { key: 'k', by: 'admin' } })
})

t.test('whoever comes back gets every record once', async (t) => {
  const history = await startHistory(t, { retention: { records: 1000, ageMs: 1e12 } })
  const { reader } = history
  const append = (count: number) => {
    for (let i = 0; i < count; i++)
      reader.append(ringOf('k'), record({ action: i % 2 === 0 ? 'sign' : 'encrypt' }))
  }
  append(10)
  const first = await listen(t, history, '/v1/keys/k/live?after=4')
  append(5)
  await until(() => first.seqs().length === 11 || null)
  first.response.destroy()
  append(700)
  const second = await listen(t, history, '/v1/keys/k/live?after=0', first.lastId())
  await until(() => second.seqs().length === 700 || null)
  t.strictSame(
    [...first.seqs(), ...second.seqs()],
    Array.from({ length: 711 }, (_, i) => i + 5),
  )
  const filtered = await listen(t, history, '/v1/keys/k/live?action=sign', '0')
  await until(() => filtered.lastId() === '715' || null)
  t.ok(filtered.seqs().length > 300)
  append(1200)
  const late = await listen(t, history, '/v1/keys/k/live', '715')
  await until(() => late.lastId() === '1915' || null)
  t.match(late.events[0], { event: 'evicted', data: { records: 200 } })
  t.equal(late.seqs().length, 1000)
  const stale = await listen(t, history, '/v1/keys/k/live', '999999')
  await until(() => stale.lastId() === '1915' || null)
})

t.test('a client that takes nothing costs nothing, and misses nothing', async (t) => {
  const history = await startHistory(t)
  const { reader } = history
  reader.append(ringOf('k'), record())
  const live = await listen(t, history, '/v1/keys/k/live')
  live.response.pause()
  for (let i = 0; i < 5000; i++) reader.append(ringOf('k'), record({ requestId: 'x'.repeat(1000) }))
  live.response.resume()
  await until(() => live.seqs().length === 5000 || null)
  t.ok(live.seqs().every((seq, i) => seq === i + 2))
})

t.test('streams are bounded, guarded, and end with the server', async (t) => {
  const tokens = [
    { name: 'a', sha256: sha256('secret-token-of-a'), keys: ['a-*'], rights: ['read' as const] },
  ]
  const history = await startHistory(t, { limits: { liveStreams: 2 }, auth: { kind: 'tokens', tokens } })
  const { reader, get, url } = history
  reader.append(ringOf('a-1'), record())
  reader.append(ringOf('b-1'), record())
  const headers = { authorization: 'Bearer secret-token-of-a' }
  t.equal(codeOf(await get('/v1/keys/a-1/live')), 'UNAUTHENTICATED')
  t.equal(codeOf(await get('/v1/keys/b-1/live', { headers })), 'KEY_UNKNOWN')
  t.equal((await get('/v1/keys/a-1/live', { headers, method: 'HEAD' })).status, 404)
  const open = () =>
    new Promise<IncomingMessage>((done, fail) => {
      httpGet(`${url}/v1/keys/a-1/live`, { headers, agent: false }, done).on('error', fail)
    })
  const streams = [await open(), await open()]
  const refused = await get('/v1/keys/a-1/live', { headers })
  t.equal(codeOf(refused), 'LIVE_FULL')
  t.equal(refused.headers['retry-after'], '10')
  streams[0]?.destroy()
  await until(async () => {
    const again = await open()
    if (again.statusCode === 200) streams.push(again)
    else again.destroy()
    return again.statusCode === 200 || null
  })
  const [, second, third] = streams
  const ended = [second, third].map((stream) => new Promise((done) => stream?.resume().on('end', done)))
  await history.stop()
  await Promise.all(ended)
  t.pass('both were ended, not cut')
})
