import t from 'tap'
import { credentialOf, NEVER } from '../../src/store/credentials.ts'
import { derivedKey } from '../../src/store/meta.ts'
import { openStore, type TestStore } from './open-store.ts'

const TOKEN = Buffer.alloc(32, 1)
const OTHER = Buffer.alloc(32, 2)

function entries({ environment }: TestStore): number {
  return [...environment.credentials.keys({ start: Buffer.from([0]), end: Buffer.from([255]) })].length
}

t.test('a token’s issuer is known until the token expires', async (t) => {
  const store = openStore(t)
  const { credentials } = store.environment
  const expires = store.now + 100
  store.commit(() => store.writer.learn({ hash: TOKEN, expires, issuer: 'alice', key: 'k' }))
  t.equal(credentialOf(credentials, TOKEN, store.now)?.issuer, 'alice')
  t.equal(credentialOf(credentials, TOKEN, expires - 1)?.issuer, 'alice')
  t.equal(credentialOf(credentials, TOKEN, expires), null)
  t.equal(credentialOf(credentials, OTHER, store.now), null)
})

t.test('an expired token is forgotten by the sweep of that very millisecond', async (t) => {
  const store = openStore(t)
  store.commit(() => {
    store.writer.learn({ hash: TOKEN, expires: store.now + 100, issuer: 'alice', key: 'k' })
    store.writer.learn({ hash: OTHER, expires: NEVER, issuer: 'Ålice 🔑', key: 'k' })
  })
  store.now += 99
  t.equal(store.writer.hasTimers(store.now), false)
  store.now += 1
  t.equal(store.writer.hasTimers(store.now), true)
  store.sweep()
  t.equal(entries(store), 2)
  t.equal(credentialOf(store.environment.credentials, OTHER, NEVER - 1)?.issuer, 'Ålice 🔑')
  t.equal(store.writer.hasTimers(store.now), false)
})

t.test('a token learned again lives as long as was said last', async (t) => {
  const store = openStore(t)
  const { credentials } = store.environment
  store.commit(() => store.writer.learn({ hash: TOKEN, expires: store.now + 100, issuer: 'alice', key: 'k' }))
  store.commit(() => store.writer.learn({ hash: TOKEN, expires: store.now + 300, issuer: 'bob', key: 'k' }))
  store.now += 200
  store.sweep()
  t.equal(credentialOf(credentials, TOKEN, store.now)?.issuer, 'bob')
  store.now += 100
  store.sweep()
  t.equal(entries(store), 0)
})

t.test('many expired tokens are forgotten in slices', async (t) => {
  const store = openStore(t)
  store.commit(() => {
    for (let i = 0; i < 10; i++)
      store.writer.learn({ hash: Buffer.alloc(32, i), expires: store.now + i, issuer: 'a', key: 'k' })
  })
  store.now += 100
  store.sweep(4)
  t.equal(entries(store), 18)
  store.sweep(4)
  store.sweep(4)
  t.equal(entries(store), 0)
})

t.test('an expiry that no clock reaches stands for never', async (t) => {
  const store = openStore(t)
  store.commit(() => store.writer.learn({ hash: TOKEN, expires: Infinity, issuer: 'alice', key: 'k' }))
  t.equal(credentialOf(store.environment.credentials, TOKEN, store.now)?.issuer, 'alice')
  t.equal(entries(store), 2, 'no timer')
})

t.test('derived keys differ by purpose and store, and stay', async (t) => {
  const [one, two] = [openStore(t).environment.meta, openStore(t).environment.meta]
  const hex = (key: Buffer): string => key.toString('hex')
  t.equal(derivedKey(one, 'credentials').length, 32)
  t.equal(hex(derivedKey(one, 'credentials')), hex(derivedKey(one, 'credentials')))
  t.not(hex(derivedKey(one, 'credentials')), hex(derivedKey(one, 'cursors')))
  t.not(hex(derivedKey(one, 'credentials')), hex(derivedKey(two, 'credentials')))
})

t.test('no key is derived from a secret that is missing', async (t) => {
  const { environment } = openStore(t)
  environment.transaction(() => environment.meta.remove(Buffer.from('secret')))
  t.throws(() => derivedKey(environment.meta, 'credentials'), { code: 'STORE_DAMAGED' })
})

t.test('the tokens of a key go when they are revoked, and with the key', async (t) => {
  const store = openStore(t)
  const { credentials } = store.environment
  // One key's id is the beginning of the other's, and goes on like a hash.
  const [short, long] = ['k', `k${'\x01'.repeat(32)}`]
  const learn = (hash: Buffer, key: string): void =>
    store.commit(() => store.writer.learn({ hash, expires: store.now + 100, issuer: 'alice', key }))
  for (const destruction of ['tokens', 'now'] as const) {
    learn(TOKEN, short)
    learn(OTHER, long)
    store.append({ key: short }, { destruction })
    t.equal(credentialOf(credentials, TOKEN, store.now), null, destruction)
    t.equal(credentialOf(credentials, OTHER, store.now)?.issuer, 'alice', destruction)
    t.equal(entries(store), 3)
  }
  store.append({ key: long }, { destruction: 'tokens', keyProven: false })
  t.equal(entries(store), 0, 'also where the record has no ring')
  t.equal(store.reader().key(long), null)
})
