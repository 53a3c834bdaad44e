import { once } from 'node:events'
import { get as httpGet, type IncomingMessage } from 'node:http'
import t from 'tap'
import { MAX_FILTER_LENGTH } from '../../src/history/record-filter.ts'
import { codeOf, NOW, record, ringOf, startHistory } from './history-fixture.ts'

const CSV = { headers: { accept: 'text/csv' } }
const NDJSON = { headers: { accept: 'application/x-ndjson' } }

function seqs(ndjson: string): number[] {
  return ndjson
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => (JSON.parse(line) as { seq: number }).seq)
}

function open(url: string, accept: string): Promise<IncomingMessage> {
  return new Promise((done, fail) => {
    httpGet(url, { headers: { accept }, agent: false }, done).on('error', fail)
  })
}

t.test('everything that matches, newest first, as NDJSON', async (t) => {
  const { reader, get } = await startHistory(t)
  for (let i = 0; i < 2345; i++)
    reader.append(ringOf('k'), record({ action: i % 3 === 0 ? 'sign' : 'encrypt' }))
  const all = await get('/v1/keys/k/history', NDJSON)
  t.equal(all.headers['content-type'], 'application/x-ndjson; charset=utf-8')
  t.equal(all.headers['content-disposition'], 'attachment; filename="keytrail-k.ndjson"')
  t.equal(all.headers['vary'], 'accept')
  t.strictSame(
    seqs(all.text),
    Array.from({ length: 2345 }, (_, i) => 2345 - i),
  )
  const page = (await get('/v1/keys/k/history?limit=3')).json as { records: object[]; nextCursor: string }
  t.strictSame(JSON.parse(all.text.slice(0, all.text.indexOf('\n'))), page.records[0])
  t.equal(seqs((await get('/v1/keys/k/history?action=sign', NDJSON)).text).length, 782)
  t.strictSame(seqs((await get('/v1/keys/k/history?limit=2', NDJSON)).text), [2345, 2344])
  const rest = await get(`/v1/keys/k/history?limit=3&cursor=${page.nextCursor}`, NDJSON)
  t.strictSame(seqs(rest.text), [2342, 2341, 2340], 'from the cursor on')
})

t.test('CSV has a header, and no cell that a spreadsheet would run', async (t) => {
  const { reader, get } = await startHistory(t)
  const hostile = ['=1+1', '+1', '-1', '@SUM(A1)', '\tx', '\rx', '＝1', 'a"b,c\nd', '="a,b"', 'plain']
  for (const action of hostile) reader.append(ringOf('k'), record({ action }))
  const { headers, text } = await get('/v1/keys/k/history', CSV)
  t.equal(headers['content-type'], 'text/csv; charset=utf-8')
  t.equal(
    text.slice(0, text.indexOf('\r\n')),
    'seq,time,durationMs,channel,address,host,addressSource,requester,requesterKind,credential,verified,action,class,key,keyVersion,outcome,status,errorCode,requestId,items,reason',
  )
  const cells = text.match(/true,("(?:[^"]|"")*"|[^,]*),use/g)?.map((cell) => cell.slice(5, -4))
  t.strictSame(cells?.reverse(), [
    '"\'=1+1"',
    '"\'+1"',
    '"\'-1"',
    '"\'@SUM(A1)"',
    '"\'\tx"',
    '"\'\rx"',
    '"\'＝1"',
    '"a""b,c\nd"',
    '"\'=""a,b"""',
    'plain',
  ])
})

t.test('the key id makes no file name of its own', async (t) => {
  const { reader, get } = await startHistory(t)
  const key = 'a/../"b\r\n키'
  reader.append(ringOf(key), record())
  const { headers } = await get(`/v1/keys/${encodeURIComponent(key)}/history`, CSV)
  t.equal(headers['content-disposition'], 'attachment; filename="keytrail-a_.._b_.csv"')
})

t.test('records that leave while they are exported are left out; none comes twice', async (t) => {
  const { reader, url } = await startHistory(t, { retention: { records: 3000, ageMs: 1e12 } })
  for (let i = 0; i < 3000; i++) reader.append(ringOf('k'), record())
  const response = await open(`${url}/v1/keys/k/history`, 'application/x-ndjson')
  await once(response, 'readable')
  for (let i = 0; i < 1500; i++) reader.append(ringOf('k'), record())
  let text = ''
  for await (const chunk of response.setEncoding('utf8')) text += chunk
  const found = seqs(text)
  t.equal(found[0], 3000, 'it starts where it started')
  t.ok(
    found.every((seq, i) => seq === 3000 - i),
    'without gap or duplicate',
  )
  t.ok(found.length >= 1500, 'what stayed is there')
})

t.test('an export of a key that is destroyed breaks off', async (t) => {
  const history = await startHistory(t)
  const { reader, url } = history
  for (let i = 0; i < 3000; i++) reader.append(ringOf('k'), record())
  const response = await open(`${url}/v1/keys/k/history`, 'text/csv')
  await once(response, 'readable')
  reader.destroy('k', 'somebody', '')
  history.now += 1
  reader.append(ringOf('k'), record())
  await t.rejects(async () => {
    for await (const _ of response);
  })
})

t.test('what is refused as JSON is refused as CSV', async (t) => {
  const { reader, get } = await startHistory(t)
  reader.append(ringOf('k'), record({ time: NOW }))
  t.equal(codeOf(await get('/v1/keys/unknown/history', CSV)), 'KEY_UNKNOWN')
  t.equal(
    codeOf(await get(`/v1/keys/k/history?q=${'x'.repeat(MAX_FILTER_LENGTH + 1)}`, CSV)),
    'QUERY_INVALID',
  )
  t.equal(
    (await get('/v1/unattributed/history', CSV)).text.split('\r\n').length,
    2,
    'a header and nothing else',
  )
})
