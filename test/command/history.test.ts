import t from 'tap'
import { ExitCode } from '../../src/command/exit-code.ts'
import { history } from '../../src/command/history.ts'
import type { RingName } from '../../src/store/reader.ts'
import { START } from '../store/open-store.ts'
import { storeAt, testContext, writeStore } from './command-run.ts'

const BILLING: RingName = { kind: 'key', key: 'billing' }
const UNATTRIBUTED: RingName = { kind: 'unattributed' }

t.test('a table shows each record on a line, the newest first, and what it can’t show', async (t) => {
  const path = t.testdir({})
  await writeStore(path, [
    { key: 'billing', time: START, action: 'encrypt', keyVersion: '3', items: 2, requester: { id: 'alice' } },
    {
      key: 'billing',
      time: START + 5,
      channel: 'console',
      action: 'decrypt',
      outcome: 'failure',
      status: 401,
      errorCode: '200',
      requester: { id: '', kind: 'token', credential: 'f00d' },
    },
    {
      key: 'billing',
      time: START + 9,
      outcome: 'unknown',
      status: 0,
      address: '',
      reason: 'upstream-timeout',
    },
  ])
  const context = testContext()
  t.equal(await history(context, BILLING, { ...storeAt(path), limit: 50 }), ExitCode.ok)
  const [titles, ...lines] = context.stdout.split('\n').map((line) => line.split(/ {2,}/))
  t.same(titles, ['TIME', 'TYPE', 'ADDRESS', 'REQUESTER', 'ACTION', 'RESPONSE'])
  t.same(lines.slice(0, 3), [
    ['2023-11-14T22:13:20.009Z', 'api', '-', '261234567890', 'encrypt', 'unknown, upstream-timeout'],
    [
      '2023-11-14T22:13:20.005Z',
      'console',
      '203.0.113.7',
      'f00d (token)',
      'decrypt',
      'failure 401, error 200',
    ],
    ['2023-11-14T22:13:20.000Z', 'api', '203.0.113.7', 'alice', 'encrypt v3 of 2', 'success 200'],
  ])
  t.match(
    context.stdout,
    /\n3 records, newest first\nkept since 2023-11-14T22:13:20.000Z; evicted: 0 by count/,
  )
  t.match(context.stdout, /outcome unknown: 1; chain: 3 records, head [0-9a-f]{12}\n$/)
  t.equal(context.stderr, '')
})

t.test('filters, period and limit narrow it down', async (t) => {
  const path = t.testdir({})
  await writeStore(
    path,
    Array.from({ length: 30 }, (_, index) => ({
      key: 'billing',
      time: START + index,
      action: index % 2 === 0 ? 'encrypt' : 'decrypt',
      outcome: index % 3 === 0 ? ('failure' as const) : ('success' as const),
      requester: { id: `user-${index}` },
    })),
  )
  const seqs = async (options: object): Promise<unknown> => {
    const context = testContext()
    await history(context, BILLING, { ...storeAt(path), limit: 50, json: true, ...options })
    const { records, total } = JSON.parse(context.stdout)
    return { seqs: records.map(({ seq }: { seq: number }) => seq), total }
  }
  t.same(await seqs({ from: START + 10, to: START + 12 }), { seqs: [13, 12, 11], total: 3 })
  t.same(await seqs({ q: 'USER-29' }), { seqs: [30], total: 1 })
  t.same(await seqs({ action: 'decrypt', outcome: 'failure', to: START + 9 }), { seqs: [10, 4], total: 2 })
  t.same(await seqs({ limit: 2 }), { seqs: [30, 29], total: 30 })
  t.same(await seqs({ from: START + 1000 }), { seqs: [], total: 0 })
  const context = testContext()
  await history(context, BILLING, { ...storeAt(path), limit: 2, action: 'encrypt' })
  t.match(context.stdout, /\n2 of 15 matching records, newest first; --limit shows more\n/)
  const empty = testContext()
  await history(empty, BILLING, { ...storeAt(path), limit: 2, q: 'nobody' })
  t.match(empty.stdout, /^No record matches\.\nkept since/)
  await t.rejects(history(context, BILLING, { ...storeAt(path), limit: 1, from: 2, to: 1 }), {
    code: 'QUERY_INVALID',
  })
})

t.test('more than a page comes whole, its titles once', async (t) => {
  const path = t.testdir({})
  await writeStore(
    path,
    Array.from({ length: 2500 }, (_, index) => ({ key: 'billing', time: START + index })),
  )
  const context = testContext()
  await history(context, BILLING, { ...storeAt(path), limit: 2300 })
  const lines = context.stdout.split('\n')
  t.equal(lines.filter((line) => line.includes('success')).length, 2300)
  t.equal(lines.filter((line) => line.includes('TIME')).length, 1)
  t.match(context.stdout, /2,300 of 2,500 matching records/)
  const json = testContext()
  await history(json, BILLING, { ...storeAt(path), limit: 5000, json: true })
  const { records, total } = JSON.parse(json.stdout)
  t.same(
    [
      records.length,
      records[0].seq,
      records.at(-1).seq,
      new Set(records.map(({ seq }: { seq: number }) => seq)).size,
      total,
    ],
    [2500, 2500, 1, 2500, 2500],
  )
})

t.test('what is evicted is told', async (t) => {
  const path = t.testdir({})
  await writeStore(
    path,
    Array.from({ length: 30 }, (_, index) => ({ key: 'billing', time: START + index })),
  )
  const context = testContext({ KEYTRAIL_RETENTION_RECORDS: '10' })
  await history(context, BILLING, { ...storeAt(path), limit: 50 })
  t.match(context.stdout, /\n10 records, newest first\nkept since .*; evicted: 20 by count, 0 by age;/)
})

t.test('JSON is what the history API answers', async (t) => {
  const path = t.testdir({})
  await writeStore(path, [{ key: 'billing', requester: { id: 'alice' } }])
  const context = testContext()
  await history(context, BILLING, { ...storeAt(path), limit: 50, json: true })
  t.match(JSON.parse(context.stdout), {
    records: [
      {
        seq: 1,
        time: '2023-11-14T22:13:20.000Z',
        durationMs: 0,
        channel: 'api',
        requester: { id: 'alice', kind: 'account', verified: true },
        action: 'encrypt',
        key: 'billing',
        outcome: 'success',
        status: 200,
      },
    ],
    total: 1,
    coverage: {
      oldest: '2023-11-14T22:13:20.000Z',
      evictedByCount: 0,
      head: { seq: 1, hash: /^[0-9a-f]{64}$/ },
    },
  })
})

t.test('no record can play with the terminal', async (t) => {
  const path = t.testdir({})
  const hostile = '\u001b[2J\u001b]0;owned\u0007\r\n\u009b31m\u202eevil\u2028'
  await writeStore(path, [
    {
      key: 'billing',
      action: hostile,
      requester: { id: hostile },
      errorCode: hostile,
      reason: `${hostile}\u200b`,
    },
  ])
  for (const json of [false, true]) {
    const context = testContext()
    await history(context, BILLING, { ...storeAt(path), limit: 50, json })
    t.notMatch(context.stdout, /[^\P{C}\n]|[\p{Zl}\p{Zp}]/u, 'nothing but visible characters and line feeds')
    if (json) {
      const [record] = JSON.parse(context.stdout).records
      t.same([record.action, record.requester.id], [hostile, hostile])
    } else {
      t.match(context.stdout, '\\u{1b}[2J')
      t.equal(context.stdout.split('\n').length, 6, 'titles, the record, a gap, two lines on them, the end')
    }
  }
})

t.test('requests for no known key have their own history, with the key that they named', async (t) => {
  const path = t.testdir({})
  const effect = { keyProven: false }
  await writeStore(path, [
    { key: '', action: 'list-keys', effect },
    { key: 'made-up', action: 'encrypt', outcome: 'failure', status: 404, effect },
  ])
  const context = testContext()
  await history(context, UNATTRIBUTED, { ...storeAt(path), limit: 50 })
  const lines = context.stdout.split('\n').map((line) => line.split(/ {2,}/).at(-1))
  t.same(lines.slice(0, 3), ['KEY', 'made-up', '-'])
})

t.test('before its first record, the unattributed ring is empty', async (t) => {
  const path = t.testdir({})
  await writeStore(path, [{ key: 'billing' }])
  const context = testContext()
  t.equal(await history(context, UNATTRIBUTED, { ...storeAt(path), limit: 50 }), ExitCode.ok)
  t.match(context.stdout, /^No record matches\.\nnothing is kept; .* chain: 0 records, head -\n$/)
  const json = testContext()
  await history(json, UNATTRIBUTED, { ...storeAt(path), limit: 50, json: true })
  t.match(JSON.parse(json.stdout), { records: [], total: 0, coverage: { oldest: null, head: { seq: 0 } } })
})

t.test('a key that is not there is unknown, or destroyed', async (t) => {
  const path = t.testdir({})
  await writeStore(path, [
    { key: 'gone' },
    {
      key: 'gone',
      action: 'delete-key',
      requester: { id: 'mallory' },
      effect: { keyProven: true, destruction: 'now' },
    },
  ])
  const context = testContext()
  const ask = (key: string) => history(context, { kind: 'key', key }, { ...storeAt(path), limit: 50 })
  await t.rejects(ask('never'), { code: 'KEY_UNKNOWN' })
  await t.rejects(ask('gone'), {
    code: 'KEY_DESTROYED',
    message: /by mallory from 203\.0\.113\.7, and 2 records/,
  })
})

t.test('a store that is not there is missing', async (t) => {
  await t.rejects(history(testContext(), BILLING, { ...storeAt(t.testdir({})), limit: 1 }), {
    code: 'STORE_MISSING',
  })
})
