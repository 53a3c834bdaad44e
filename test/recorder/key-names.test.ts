import t from 'tap'
import { compileFullName } from '../../src/dialect/full-name.ts'
import { KeyNames } from '../../src/recorder/key-names.ts'
import { derivedKey } from '../../src/store/meta.ts'
import { openStore, type TestStore } from '../store/open-store.ts'

const OWN = 'arn:aws:kms:r:1:'
const FOREIGN = 'arn:aws:kms:r:2:key/f'
const [A, B] = [`${OWN}key/a`, `${OWN}key/b`]
const DAY_MS = 86_400_000

/** Names that are kept in the store at once, as a start of their own sees them. */
function keyNames(store: TestStore, kept: string[] = []): KeyNames {
  const { credentials, meta } = store.environment
  return new KeyNames({
    split: compileFullName('arn:*:kms:*:*:key/*'),
    key: derivedKey(meta, 'credentials'),
    credentials,
    keep(credential) {
      kept.push(credential.issuer)
      store.commit(() => store.writer.learn(credential))
    },
    clock: () => store.now,
  })
}

t.test('a name stands for the key that answers show', async (t) => {
  const names = keyNames(openStore(t))
  for (const name of ['alias/x', `${OWN}alias/x`, 'a', A, '']) t.equal(names.fullName(name), name)
  names.saw('alias/x', A, 1)
  for (const name of ['alias/x', `${OWN}alias/x`, 'a', A]) t.equal(names.fullName(name), A)
  t.equal(names.fullName('b'), 'b')
  names.saw(`${OWN}alias/y`, B, 1)
  for (const name of ['alias/y', `${OWN}alias/y`, 'b']) t.equal(names.fullName(name), B)
  names.saw('alias/z', 'no full name', 1)
  t.equal(names.fullName('alias/z'), 'alias/z')
})

t.test('the newest answer counts, by when its request came', async (t) => {
  const names = keyNames(openStore(t))
  names.saw('alias/x', A, 1)
  names.saw('alias/x', B, 3)
  names.saw('alias/x', A, 2)
  t.equal(names.fullName('alias/x'), B)
  names.saw('alias/x', B, 9)
  names.saw('alias/x', A, 5)
  t.equal(names.fullName('alias/x'), B)
})

t.test('another start knows it too, until nobody has used it for long', async (t) => {
  const store = openStore(t)
  const kept: string[] = []
  keyNames(store, kept).saw('alias/x', A, 1)
  t.equal(keyNames(store).fullName('alias/x'), A)
  const writes = kept.length
  keyNames(store, kept).saw('alias/x', A, 1)
  t.equal(kept.length, writes, 'what is known is not written again')
  store.now += 300 * DAY_MS
  const later = keyNames(store, kept)
  later.saw('alias/x', A, 1)
  t.ok(kept.length > writes, 'but renewed in time')
  store.now += 300 * DAY_MS
  t.equal(keyNames(store).fullName('alias/x'), A)
  t.equal(later.fullName('alias/x'), A)
  store.now += 101 * DAY_MS
  t.equal(keyNames(store).fullName('alias/x'), 'alias/x')
  t.equal(later.fullName('alias/x'), 'alias/x')
})

t.test('while a name is being changed it stands for nothing', async (t) => {
  const store = openStore(t)
  const names = keyNames(store)
  names.saw('alias/x', A, 1)
  const before = names.suspend('alias/x')
  for (const known of [names, keyNames(store)]) {
    t.equal(known.fullName('alias/x'), 'alias/x', 'also for a start after a crash')
    t.equal(known.fullName(`${OWN}alias/x`), `${OWN}alias/x`)
  }
  names.saw('alias/x', A, 1)
  t.equal(names.fullName('alias/x'), 'alias/x', 'an answer to an older request tells nothing')
  names.change('alias/x', before, B)
  for (const known of [names, keyNames(store)]) {
    t.equal(known.fullName('alias/x'), B)
    t.equal(known.fullName(`${OWN}alias/x`), B)
  }
  names.change('alias/x', names.suspend('alias/x'), '')
  names.saw('alias/x', B, 1)
  t.equal(names.fullName('alias/x'), 'alias/x', 'removed')
  const failed = names.suspend('a')
  names.change('a', failed, failed)
  t.equal(names.fullName('a'), A, 'a change that failed')
})

t.test('a name that keys of two owners have says nothing', async (t) => {
  const store = openStore(t)
  const names = keyNames(store)
  names.saw('alias/x', A, 1)
  names.saw('alias/x', FOREIGN, 2)
  for (const known of [names, keyNames(store)]) {
    t.equal(known.fullName('alias/x'), 'alias/x')
    t.equal(known.fullName(`${OWN}alias/x`), A, 'with its owner it does')
  }
  names.saw('alias/x', A, 3)
  names.change('alias/x', names.suspend('alias/x'), A)
  t.equal(names.fullName('alias/x'), 'alias/x', 'and will not')
  names.saw('alias/y', A, 1)
  names.change('alias/y', names.suspend('alias/y'), FOREIGN)
  t.equal(names.fullName('alias/y'), 'alias/y')
})
