import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import t, { type Test } from 'tap'
import { readHistory } from '../../src/demo/seen-history.ts'

const COVERAGE = { evictedByCount: 3 }

t.test('reads every page of everything', async (t) => {
  const asked: string[] = []
  const url = await answering(t, (target) => {
    asked.push(target)
    const second = target.includes('cursor=next')
    if (target.startsWith('/v1/keys?'))
      return { keys: [{ key: second ? 'b/c' : 'a' }], nextCursor: second ? null : 'next' }
    if (target.startsWith('/v1/tombstones')) return { tombstones: [{ key: 'gone' }], nextCursor: null }
    return { records: [{ action: target }], nextCursor: second ? null : 'next', coverage: COVERAGE }
  })
  const seen = await readHistory(url)
  t.same([...seen.rings.keys()], ['a', 'b/c'])
  t.match(seen.rings.get('b/c'), {
    records: [{ action: /^\/v1\/keys\/b%2Fc\/history/ }, {}],
    evictedByCount: 3,
  })
  t.equal(seen.unattributed.records.length, 2)
  t.same(seen.tombstones, new Set(['gone']))
  t.equal(asked.length, 9)
})

t.test('waits where it is asked to, and gives up on other errors', async (t) => {
  let refusals = 1
  const url = await answering(t, () => {
    if (refusals-- > 0) return 429
    return { keys: [], tombstones: [], records: [], nextCursor: null, coverage: COVERAGE }
  })
  t.equal((await readHistory(url)).rings.size, 0)
  await t.rejects(readHistory(await answering(t, () => 503)), { code: 'INTERNAL' })
})

/** Answers with JSON, or with a bare status. */
async function answering(t: Test, answer: (target: string) => object | number): Promise<string> {
  const server = createServer((request, response) => {
    const found = answer(request.url ?? '')
    if (typeof found === 'number') response.writeHead(found, { 'retry-after': '0.01' }).end()
    else response.end(JSON.stringify(found))
  })
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  t.teardown(() => server.close().closeAllConnections())
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}
