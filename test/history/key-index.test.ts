import t from 'tap'
import { FailureCounts } from '../../src/history/failure-counts.ts'
import { KeyIndex } from '../../src/history/key-index.ts'
import { openStore, START } from '../store/open-store.ts'
import { codeOf, NOW, record, ringOf, startHistory } from './history-fixture.ts'

interface Listed {
  readonly keys: {
    readonly key: string
    readonly lastUse: object | null
    readonly failures24h: number | null
  }[]
  readonly nextCursor: string | null
}

async function order(index: KeyIndex): Promise<string[]> {
  const keys: string[] = []
  for (let position: string | null = ''; position !== null; ) {
    const page: Awaited<ReturnType<KeyIndex['page']>> = await index.page(position, {
      ...{ limit: 700, budget: 1000 },
      shows: (key) => key !== 'key-13',
    })
    keys.push(...page.entries.map(({ key }) => key))
    position = page.next
  }
  return keys
}

t.test('keys by last use, kept up to date from what the store notes', async (t) => {
  const store = openStore(t, { maxRings: 10_000 })
  store.commit(() => {
    for (let i = 0; i < 5000; i++) store.submit({ key: `key-${i}`, time: START + i })
    store.submit({ key: 'never', outcome: 'failure' })
    store.submit({ key: 'managed', class: 'manage' })
  })
  const reader = store.reader()
  let forgotten = false
  const index = new KeyIndex({
    ...reader,
    keyChanges: (position) => reader.keyChanges(forgotten ? null : position),
  })
  t.teardown(() => index.close())
  await Promise.all([index.refresh(), index.refresh()])
  const first = await order(index)
  t.equal(first.length, 5001)
  t.strictSame(first.slice(0, 2), ['key-4999', 'key-4998'])
  t.strictSame(first.slice(-2), ['managed', 'never'])
  store.now += 10_000
  store.append({ key: 'key-7', time: START + 9000 })
  store.append({ key: 'new', time: START + 9001 })
  store.append({ key: 'key-4999', outcome: 'failure', time: START + 9002 })
  store.append({ key: 'key-4998', time: START + 9003 }, { destruction: 'now' })
  await index.refresh()
  index.forget('key-1')
  index.forget('key-4998')
  const second = await order(index)
  t.strictSame(second.slice(0, 4), ['new', 'key-7', 'key-4999', 'key-4997'])
  t.equal(second.length, 5000)
  t.notOk(second.includes('key-4998') || second.includes('key-1'))
  store.append({ key: 'key-3', time: START + 9500 })
  forgotten = true
  await index.refresh()
  t.equal((await order(index))[0], 'key-3', 'read anew where the notes do not reach back')
})

t.test('failures of the last day, counted once', async (t) => {
  const store = openStore(t, { retention: { records: 1000, ageMs: 1e12, tombstoneMs: 1e12 } })
  const reader = store.reader()
  const day = 86_400_000
  store.append({ key: 'k', outcome: 'failure', time: START })
  store.append({ key: 'k', outcome: 'failure', time: START + day })
  store.now = START + day + 1
  let scans = 0
  const counted = {
    ...reader,
    failures(...asked: Parameters<typeof reader.failures>) {
      if (asked[2] === 0) scans++
      return reader.failures(...asked)
    },
  }
  const failures = new FailureCounts(counted, () => store.now)
  t.equal(failures.of('k', START), 1)
  store.append({ key: 'k', outcome: 'failure', time: store.now })
  store.append({ key: 'k', outcome: 'success', time: store.now })
  t.equal(failures.of('k', START), 2)
  t.equal(scans, 1, 'only what is new was looked at')
  store.now += day
  t.equal(failures.of('k', START), 1, 'what left the day is gone')
  t.equal(failures.of('k', START + 1), 1, 'another ring')
  t.equal(scans, 3)
  t.equal(failures.of('other', START), null)
})

t.test('the list of keys with its figures', async (t) => {
  const { reader, get } = await startHistory(t)
  for (let i = 0; i < 30; i++) {
    const key = `billing-${String(i).padStart(2, '0')}`
    reader.append(ringOf(key), record({ time: NOW - 1000 + i, action: 'sign' }))
    if (i % 2 === 0) reader.append(ringOf(key), record({ time: NOW, outcome: 'failure', status: 403 }))
  }
  reader.append(ringOf('Payroll'), record({ outcome: 'failure' }))
  const first = (await get('/v1/keys?order=last-use&limit=20')).json as Listed
  t.match(first.keys[0], {
    key: 'billing-29',
    lastUse: {
      time: new Date(NOW - 971).toISOString(),
      action: 'sign',
      requester: 'acct-1',
      address: '203.0.113.7',
    },
    failures24h: 0,
  })
  t.equal(first.keys[1]?.failures24h, 1)
  const second = (await get(`/v1/keys?order=last-use&limit=20&cursor=${first.nextCursor}`)).json as Listed
  t.strictSame(
    [...first.keys, ...second.keys].map(({ key }) => key),
    [...Array.from({ length: 30 }, (_, i) => `billing-${String(29 - i).padStart(2, '0')}`), 'Payroll'],
  )
  t.equal(second.nextCursor, null)
  t.equal(second.keys.at(-1)?.lastUse, null)
  const found = (await get('/v1/keys?order=last-use&q=PAY')).json as Listed
  t.strictSame(
    found.keys.map(({ key }) => key),
    ['Payroll'],
  )
  t.equal(codeOf(await get('/v1/keys?q=pay')), 'QUERY_INVALID')
  t.equal(codeOf(await get('/v1/keys?order=last-use&after=a')), 'QUERY_INVALID')
  t.equal(codeOf(await get(`/v1/keys?order=last-use&q=x&cursor=${first.nextCursor}`)), 'CURSOR_INVALID')
  t.equal(codeOf(await get('/v1/keys?order=size')), 'QUERY_INVALID')
})
