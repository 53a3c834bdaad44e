import t from 'tap'
import { ExitCode } from '../../src/command/exit-code.ts'
import { verify } from '../../src/command/verify.ts'
import { blockKey, ringStateKey } from '../../src/store/layout.ts'
import { decodeRingState } from '../../src/store/ring-state.ts'
import type { TestStore } from '../store/open-store.ts'
import { storeAt, testContext, writeStore } from './command-run.ts'

const RECORDS = [{ key: 'good' }, { key: 'bad' }, { key: 'bad' }, { key: '', effect: { keyProven: false } }]

t.test('whole chains are confirmed, all of them or one', async (t) => {
  const path = t.testdir({})
  await writeStore(path, RECORDS)
  const all = testContext()
  t.equal(await verify(all, storeAt(path)), ExitCode.ok)
  t.equal(all.stdout, 'verified 3 rings, 4 records: every chain is whole\n')
  const one = testContext()
  t.equal(await verify(one, { ...storeAt(path), key: 'bad' }), ExitCode.ok)
  t.equal(one.stdout, 'verified 1 ring, 2 records: every chain is whole\n')
  await t.rejects(verify(testContext(), { ...storeAt(path), key: 'none' }), { code: 'KEY_UNKNOWN' })
})

t.test('damage is told with its key, and is a failure', async (t) => {
  const path = t.testdir({})
  await writeStore(path, RECORDS, changeLastByte)
  const context = testContext()
  t.equal(await verify(context, storeAt(path)), ExitCode.no)
  t.match(context.stdout, /^DAMAGED bad: .+\nverified 3 rings, 4 records: 1 damaged\n$/)
  t.equal(await verify(testContext(), { ...storeAt(path), key: 'good' }), ExitCode.ok)
  const json = testContext()
  t.equal(await verify(json, { ...storeAt(path), json: true }), ExitCode.no)
  t.match(JSON.parse(json.stdout), { ok: false, damagedRings: 1, rings: [{}, { key: 'bad', ok: false }, {}] })
})

/** Of the newest record of the key `bad`. */
function changeLastByte({ environment }: TestStore): void {
  const { ring } = decodeRingState(environment.keys.get(ringStateKey('bad')) ?? Buffer.alloc(0))
  const block = Buffer.from(environment.records.get(blockKey(ring, 1)) ?? Buffer.alloc(1))
  const last = block.length - 1
  block[last] = (block[last] ?? 0) ^ 1
  environment.transaction(() => environment.records.put(blockKey(ring, 1), block))
}
