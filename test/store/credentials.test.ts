import t from 'tap'
import { issuerOf, NEVER } from '../../src/store/credentials.ts'
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
  store.commit(() => store.writer.learn({ hash: TOKEN, expires, issuer: 'alice' }))
  t.equal(issuerOf(credentials, TOKEN, store.now), 'alice')
  t.equal(issuerOf(credentials, TOKEN, expires - 1), 'alice')
  t.equal(issuerOf(credentials, TOKEN, expires), null)
  t.equal(issuerOf(credentials, OTHER, store.now), null)
})

t.test('an expired token is forgotten by the sweep of that very millisecond', async (t) => {
  const store = openStore(t)
  store.commit(() => {
    store.writer.learn({ hash: TOKEN, expires: store.now + 100, issuer: 'alice' })
    store.writer.learn({ hash: OTHER, expires: NEVER, issuer: 'Ålice 🔑' })
  })
  store.now += 99
  t.equal(store.writer.hasTimers(store.now), false)
  store.now += 1
  t.equal(store.writer.hasTimers(store.now), true)
  store.sweep()
  t.equal(entries(store), 1)
  t.equal(issuerOf(store.environment.credentials, OTHER, NEVER - 1), 'Ålice 🔑')
  t.equal(store.writer.hasTimers(store.now), false)
})

t.test('a token learned again lives as long as was said last', async (t) => {
  const store = openStore(t)
  const { credentials } = store.environment
  store.commit(() => store.writer.learn({ hash: TOKEN, expires: store.now + 100, issuer: 'alice' }))
  store.commit(() => store.writer.learn({ hash: TOKEN, expires: store.now + 300, issuer: 'bob' }))
  store.now += 200
  store.sweep()
  t.equal(issuerOf(credentials, TOKEN, store.now), 'bob')
  store.now += 100
  store.sweep()
  t.equal(entries(store), 0)
})

t.test('many expired tokens are forgotten in slices', async (t) => {
  const store = openStore(t)
  store.commit(() => {
    for (let i = 0; i < 10; i++)
      store.writer.learn({ hash: Buffer.alloc(32, i), expires: store.now + i, issuer: 'a' })
  })
  store.now += 100
  store.sweep(4)
  t.equal(entries(store), 12)
  store.sweep(4)
  store.sweep(4)
  t.equal(entries(store), 0)
})

t.test('an expiry that no clock reaches stands for never', async (t) => {
  const store = openStore(t)
  store.commit(() => store.writer.learn({ hash: TOKEN, expires: Infinity, issuer: 'alice' }))
  t.equal(issuerOf(store.environment.credentials, TOKEN, store.now), 'alice')
  t.equal(entries(store), 1, 'no timer')
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
