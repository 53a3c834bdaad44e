import { statSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { openEnvironment, STORE_FILE } from '../../src/store/environment.ts'
import { MAX_KEY_BYTES } from '../../src/store/layout.ts'
import { createReader } from '../../src/store/query.ts'
import { verifyStore } from '../../src/store/verify.ts'
import { StoreWriter } from '../../src/store/writer.ts'
import { historyQuery, keyRing, openStore, RETENTION, TestStore, UNATTRIBUTED } from './open-store.ts'

function actions(store: TestStore, key: string): string[] | undefined {
  return store
    .reader()
    .history(keyRing(key), historyQuery())
    ?.records.map(({ action }) => action)
}

function unattributed(store: TestStore): { key: string; action: string }[] {
  const page = store.reader().history(UNATTRIBUTED, historyQuery())
  return page?.records.map(({ key, action }) => ({ key, action })) ?? []
}

t.test('one commit takes records for several keys, in turns', async (t) => {
  const store = openStore(t)
  store.commit(() => {
    for (let i = 0; i < 9; i++) store.submit({ key: `key-${i % 3}`, action: `a${i}` })
  })
  t.strictSame(actions(store, 'key-0'), ['a6', 'a3', 'a0'])
  t.strictSame(actions(store, 'key-1'), ['a7', 'a4', 'a1'])
  t.strictSame(actions(store, 'key-2'), ['a8', 'a5', 'a2'])
  t.equal(store.reader().history(UNATTRIBUTED, historyQuery()), null)
})

t.test('the journal position is stored with what it stands for', async (t) => {
  const store = openStore(t)
  store.writer.commit(4711, store.now, () => store.submit())
  t.equal(store.writer.position, 4711)
  const failing = (): void => {
    store.submit()
    throw new Error('disk on fire')
  }
  t.throws(() => store.writer.commit(5000, store.now, failing), { message: 'disk on fire' })
  t.equal(store.writer.position, 4711)
})

t.test('when the work throws, nothing of it stays, and the next commit starts afresh', async (t) => {
  const store = openStore(t)
  store.append({ key: 'old', action: 'kept' })
  const failing = (): void => {
    for (let i = 0; i < 100; i++) store.submit({ key: 'old', action: 'lost' })
    store.submit({ key: 'new' })
    store.submit({ key: 'old' }, { destruction: 'now' })
    throw new Error('no')
  }
  t.throws(() => store.commit(failing), { message: 'no' })
  t.strictSame(actions(store, 'old'), ['kept'])
  t.equal(actions(store, 'new'), undefined)
  t.equal(store.reader().tombstone('old'), null)
  const failingHalfway = (): void => {
    for (let i = 0; i < 100; i++) store.submit({ key: 'old', action: 'lost' })
    throw new Error('no')
  }
  t.throws(() => store.commit(failingHalfway), { message: 'no' })
  store.append({ key: 'old', action: 'next' })
  t.strictSame(actions(store, 'old'), ['next', 'kept'])
  t.equal(actions(store, 'new'), undefined)
})

t.test('only a record that proves its key opens a ring', async (t) => {
  const store = openStore(t)
  store.append({ key: 'made-up', action: 'first' }, { keyProven: false })
  t.equal(actions(store, 'made-up'), undefined)
  store.append({ key: 'made-up', action: 'second' }, { keyProven: true })
  store.append({ key: 'made-up', action: 'third' }, { keyProven: false })
  t.strictSame(actions(store, 'made-up'), ['third', 'second'])
  t.strictSame(unattributed(store), [{ key: 'made-up', action: 'first' }])
})

t.test('a record of two keys goes to both rings', async (t) => {
  const store = openStore(t)
  store.append({ key: 'b', action: 'newest', time: store.now + 5 })
  store.append({ key: 'a', action: 'both' }, { otherKey: 'b' })
  t.strictSame(actions(store, 'a'), ['both'])
  t.strictSame(actions(store, 'b'), ['both', 'newest'], 'later there than here')
  store.append({ key: 'a', action: 'same' }, { otherKey: 'a' })
  t.strictSame(actions(store, 'a'), ['same', 'both'])
  store.append({ key: 'a', action: 'refused' }, { otherKey: 'guess', keyProven: false })
  t.strictSame(actions(store, 'a'), ['refused', 'same', 'both'])
  t.strictSame(unattributed(store), [{ key: 'guess', action: 'refused' }])
  store.append({ key: 'a', action: 'destroy' }, { otherKey: 'b', destruction: 'now' })
  t.equal(actions(store, 'a'), undefined)
  t.strictSame(actions(store, 'b'), ['destroy', 'both', 'newest'], 'only the first is destroyed')
  t.ok(verifyStore(store.environment).ok)
})

t.test('the unattributed ring keeps the key that was named, and its bounds', async (t) => {
  const store = openStore(t)
  for (let i = 0; i < 60; i++) store.append({ key: `k${i}`, action: 'guess' }, { keyProven: false })
  store.append({ key: '', action: 'list' })
  const found = unattributed(store)
  t.equal(found.length, 50)
  t.strictSame(found.slice(0, 2), [
    { key: '', action: 'list' },
    { key: 'k59', action: 'guess' },
  ])
  store.now += 2000
  t.strictSame(unattributed(store), [])
})

t.test('keys beyond the limit of rings share the unattributed one', async (t) => {
  const store = openStore(t, { maxRings: 2 })
  for (const key of ['a', 'b', 'c', 'a']) store.append({ key, action: `of-${key}` })
  t.strictSame(actions(store, 'a'), ['of-a', 'of-a'])
  t.equal(actions(store, 'c'), undefined)
  t.strictSame(unattributed(store), [{ key: 'c', action: 'of-c' }])
  t.equal(store.full, 1)
  store.append({ key: 'a' }, { destruction: 'now' })
  store.append({ key: 'c', action: 'again' })
  t.strictSame(actions(store, 'c'), ['again'], 'a destroyed ring makes room')
})

t.test('a key id of any length and any characters is taken', async (t) => {
  const store = openStore(t)
  const longest = 'ü'.repeat(MAX_KEY_BYTES / 2)
  const tooLong = 'k'.repeat(70_000)
  for (const key of ['a\0b', 'ключ/🔑', longest]) {
    store.append({ key, action: 'its-own' })
    t.strictSame(actions(store, key), ['its-own'])
  }
  store.append({ key: tooLong })
  t.equal(actions(store, tooLong), undefined)
  t.equal(store.reader().tombstone(tooLong), null)
  t.equal(unattributed(store)[0]?.key, `${tooLong.slice(0, MAX_KEY_BYTES - 3)}…`)
})

t.test('keys that UTF-8 cannot tell apart are one key, also within one commit', async (t) => {
  const store = openStore(t)
  store.commit(() => {
    store.submit({ key: 'k\ud800', action: 'one' })
    store.submit({ key: 'k\udc00', action: 'two' })
    store.submit({ key: 'k\ufffd', action: 'three' })
  })
  t.strictSame(actions(store, 'k\ufffd'), ['three', 'two', 'one'])
  t.strictSame(actions(store, 'k\ud800'), ['three', 'two', 'one'])
})

t.test('lost records are counted where they would have been', async (t) => {
  const store = openStore(t)
  store.append({ key: 'known' })
  store.commit(() => {
    store.writer.countLost('known', 3)
    store.writer.countLost('unheard-of', 2)
    store.writer.countLost('', 1)
    store.writer.countLost('k'.repeat(70_000), 1)
  })
  t.equal(store.reader().key('known')?.coverage.lost, 3)
  t.equal(store.reader().history(UNATTRIBUTED, historyQuery())?.coverage.lost, 4)
})

t.test('a second writer takes the store over, and the first one can no longer write', async (t) => {
  const store = openStore(t)
  const { environment, path } = store
  store.append({ action: 'first' })
  const second = new StoreWriter({ environment, path, retention: RETENTION, maxRings: 10 })
  t.throws(() => store.append({ action: 'stale' }), { code: 'STORE_LOCKED' })
  store.writer = second
  store.append({ action: 'second' })
  t.strictSame(actions(store, 'tag-1'), ['second', 'first'])
})

t.test('a store keeps its identity, and one of a newer format is refused', async (t) => {
  const store = openStore(t)
  const { environment, path } = store
  const again = (): StoreWriter => new StoreWriter({ environment, path, retention: RETENTION, maxRings: 10 })
  const setFormat = (format: number): void => {
    const bytes = Buffer.alloc(8)
    bytes.writeDoubleBE(format)
    environment.transaction(() => environment.meta.put(Buffer.from('format'), bytes))
  }
  setFormat(2)
  t.throws(again, { code: 'STORE_FORMAT' })
  t.throws(() => store.reader(), { code: 'STORE_FORMAT' })
  setFormat(1)
  store.append()
  t.strictSame(actions(store, 'tag-1'), ['encrypt'], 'the refused writer took nothing over')
  t.strictSame(again().instance, store.writer.instance)
})

t.test('where no store was made yet there is nothing to read', async (t) => {
  const { environment } = openStore(t)
  environment.transaction(() => environment.meta.remove(Buffer.from('format')))
  t.throws(() => createReader({ environment, retention: RETENTION, clock: () => 0 }), {
    code: 'STORE_MISSING',
  })
})

t.test('intents settled by a start stay settled', async (t) => {
  const store = openStore(t)
  t.equal(store.writer.settled, 0)
  store.commit(() => store.writer.settle(99))
  t.equal(store.writer.settled, 99)
})

t.test('times of the clock may be anything that 48 bits hold', async (t) => {
  const store = openStore(t, { retention: { records: 50, ageMs: 1e300, tombstoneMs: 1e300 } })
  store.now = 0
  store.append({ key: 'epoch' })
  store.sweep()
  t.strictSame(actions(store, 'epoch'), ['encrypt'])
  store.now = 2 ** 48 - 1
  store.append({ key: 'end of time' })
  store.sweep()
  t.strictSame(actions(store, 'end of time'), ['encrypt'])
})

/** A store with room for 1 MiB, and what fills it: every ring of it, until it takes no more. */
function smallStore(t: Test) {
  const store = new TestStore(t.testdir(), { ...RETENTION, records: 1000 }, 1_000_000, 2 ** 20)
  t.teardown(() => store.environment.close())
  const size = (): number => statSync(join(store.path, STORE_FILE)).size
  const fill = (): number => {
    let kept = 0
    for (; kept < 100_000 && !store.environment.full; kept += 100)
      store.commit(() => {
        for (let i = 0; i < 100; i++) store.submit({ key: `key-${(kept + i) % 500}` })
      })
    return kept
  }
  return { store, fill, size, limit: 2 ** 20 }
}

t.test('a full store takes no record, but sweeps; with room again it goes on in the same file', async (t) => {
  const { store, fill, size, limit } = smallStore(t)
  for (let round = 0; round < 5; round++) {
    const kept = fill()
    t.ok(kept > 1000 && kept < 100_000, `${kept} records found room`)
    t.throws(() => store.append({ key: 'one-more' }), { code: 'STORE_UNAVAILABLE' })
    store.now += RETENTION.ageMs * 2
    t.ok(store.sweep() > 0)
    store.append({ key: 'one-more' })
    t.ok(size() < 2 * limit, `${size()} bytes`)
  }
})

t.test('what was freed counts as free only as long as the file can do with it', async (t) => {
  const { store, fill, size, limit } = smallStore(t)
  fill()
  const reader = openEnvironment({ path: store.path, access: 'read', mapSize: limit })
  t.teardown(() => reader.close())
  const snapshot = reader.keys.range({ start: Buffer.from([0]), end: Buffer.from([255]) })[Symbol.iterator]()
  snapshot.next()
  let rounds = 0
  for (; rounds < 20; rounds++) {
    store.now += RETENTION.ageMs * 2
    store.sweep()
    if (fill() === 0) break
  }
  t.ok(rounds > 0 && rounds < 20, `${rounds} rounds beside an open snapshot`)
  t.ok(size() < 3 * limit, `${size()} bytes`)
  t.throws(() => store.append({ key: 'one-more' }), { code: 'STORE_UNAVAILABLE' })
})
