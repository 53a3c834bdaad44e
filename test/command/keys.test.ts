import t from 'tap'
import { ExitCode } from '../../src/command/exit-code.ts'
import { keys } from '../../src/command/keys.ts'
import { START } from '../store/open-store.ts'
import { storeAt, testContext, writeStore } from './command-run.ts'

t.test('lists every key, its records, its times and its state', async (t) => {
  const path = t.testdir({})
  const due = START + 86_400_000
  await writeStore(path, [
    { key: 'b', time: START + 1000 },
    { key: 'a', time: START },
    { key: 'a', time: START + 2000, effect: { keyProven: true, destruction: 'scheduled', destroyAt: due } },
    { key: 'made-up', effect: { keyProven: false } },
  ])
  const context = testContext()
  t.equal(await keys(context, storeAt(path)), ExitCode.ok)
  t.same(
    context.stdout.split('\n').map((line) => line.split(/ {2,}/)),
    [
      ['KEY', 'RECORDS', 'SINCE', 'LAST ACTIVITY', 'STATE'],
      [
        'a',
        '2',
        '2023-11-14T22:13:20.000Z',
        '2023-11-14T22:13:22.000Z',
        'to be destroyed 2023-11-15T22:13:20.000Z',
      ],
      ['b', '1', '2023-11-14T22:13:21.000Z', '2023-11-14T22:13:21.000Z', 'live'],
      [''],
      ['2 keys, 3 records'],
      [''],
    ],
  )
  const json = testContext()
  await keys(json, { ...storeAt(path), json: true })
  t.match(JSON.parse(json.stdout), {
    keys: [
      { key: 'a', state: 'destruction-scheduled', records: 2 },
      { key: 'b', state: 'live', records: 1, coverage: { head: { seq: 1 } } },
    ],
  })
})

t.test('more than a page is listed whole, each key once', async (t) => {
  const path = t.testdir({})
  await writeStore(
    path,
    Array.from({ length: 1000 }, (_, index) => ({ key: `key-${index}` })),
  )
  const context = testContext()
  await keys(context, storeAt(path))
  t.equal(new Set(context.stdout.match(/^key-\d+/gm)).size, 1000)
  t.match(context.stdout, /\n1,000 keys, 1,000 records\n$/)
})

t.test('an empty store has no keys', async (t) => {
  const path = t.testdir({})
  await writeStore(path, [])
  const context = testContext()
  t.equal(await keys(context, storeAt(path)), ExitCode.ok)
  t.equal(context.stdout, 'No key has a history yet.\n')
  const json = testContext()
  await keys(json, { ...storeAt(path), json: true })
  t.same(JSON.parse(json.stdout), { keys: [] })
})

t.test('a hostile key id is made visible', async (t) => {
  const path = t.testdir({})
  await writeStore(path, [{ key: '\u001b[31mred\u202e' }])
  const context = testContext()
  await keys(context, storeAt(path))
  t.match(context.stdout, '\n\\u{1b}[31mred\\u{202e} ')
})

t.test('where there is no store to read, the reason is told', async (t) => {
  const file = `${t.testdir({ file: '' })}/file`
  await t.rejects(keys(testContext(), storeAt(file)), { code: 'STORE_MISSING' })
  const path = t.testdir({ 'store.mdb': 'these are other bytes than LMDB would write'.repeat(400) })
  await t.rejects(keys(testContext(), storeAt(path)), { code: 'STORE_DAMAGED' })
  const config = `${t.testdir({ 'keytrail.yaml': 'listener: []' })}/keytrail.yaml`
  await t.rejects(keys(testContext(), { config }), { code: 'CONFIG_INVALID' })
})
