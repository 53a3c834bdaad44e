import t from 'tap'
import { Issuers } from '../../src/recorder/issuers.ts'
import { NEVER } from '../../src/store/credentials.ts'
import { derivedKey } from '../../src/store/meta.ts'
import { openStore, type TestStore } from '../store/open-store.ts'

const NOBODY = { id: '', kind: 'token', credential: '' } as const
const CLAIMED = { id: 'claimed', kind: 'token', credential: '' } as const
const TOKEN = 'eyJhbGciOiJIUzI1NiJ9.very.secret'

function issuers(store: TestStore): Issuers {
  const { credentials, meta } = store.environment
  return new Issuers({ key: derivedKey(meta, 'credentials'), credentials, clock: () => store.now })
}

t.test('a token acts for its issuer until it expires, then for what it claims', async (t) => {
  const store = openStore(t)
  const known = issuers(store)
  known.learn(TOKEN, 1000, 'alice', 'key')
  t.match(known.requester(TOKEN, CLAIMED), { id: 'alice', kind: 'token' })
  store.now += 999
  t.equal(known.requester(TOKEN, CLAIMED).id, 'alice')
  store.now += 1
  t.equal(known.requester(TOKEN, CLAIMED).id, 'claimed')
})

t.test('the issuer is found again in the store, by another start', async (t) => {
  const store = openStore(t)
  const credential = issuers(store).learn(TOKEN, 1000, 'alice', 'key')
  t.equal(issuers(store).requester(TOKEN, CLAIMED).id, 'claimed')
  store.commit(() => store.writer.learn(credential))
  store.environment.refresh()
  const restarted = issuers(store)
  t.equal(restarted.requester(TOKEN, CLAIMED).id, 'alice')
  store.now += 1000
  t.equal(restarted.requester(TOKEN, CLAIMED).id, 'claimed')
})

t.test('a token of nobody is told by the short hash of itself, which another store can’t make', async (t) => {
  const store = openStore(t)
  const known = issuers(store)
  const { id, credential } = known.requester(TOKEN, NOBODY)
  t.match(id, /^[0-9a-f]{16}$/)
  t.equal(credential, id)
  t.equal(known.requester(TOKEN, CLAIMED).credential, id)
  t.not(known.requester(`${TOKEN}x`, NOBODY).id, id)
  const { credentials } = store.environment
  const other = new Issuers({ key: Buffer.alloc(32), credentials, clock: () => store.now })
  t.not(other.requester(TOKEN, NOBODY).id, id)
})

t.test(
  'neither the token nor the whole hash of it is in what is recorded; the token is stored nowhere',
  async (t) => {
    const store = openStore(t)
    const known = issuers(store)
    const credential = known.learn(TOKEN, 1000, 'alice', 'key')
    const requester = known.requester(TOKEN, CLAIMED)
    for (const bytes of [credential.hash, Buffer.from(JSON.stringify({ credential, requester }))])
      t.notOk(bytes.includes('secret'))
    t.notOk(JSON.stringify(requester).includes(credential.hash.toString('hex')))
  },
)

t.test('lifetimes from outside are bounded; one without end never ends', async (t) => {
  const store = openStore(t)
  const known = issuers(store)
  for (const [lifetime, expires] of [
    [Number.POSITIVE_INFINITY, NEVER],
    [Number.MAX_VALUE, NEVER],
    [Number.NEGATIVE_INFINITY, 0],
    [-Number.MAX_VALUE, 0],
    [Number.NaN, 0],
  ] as const) {
    const credential = known.learn(`${TOKEN}${lifetime}`, lifetime, 'alice', 'key')
    t.equal(credential.expires, expires, `${lifetime}`)
    store.commit(() => store.writer.learn(credential))
  }
  store.now = NEVER - 1
  t.equal(known.requester(`${TOKEN}Infinity`, CLAIMED).id, 'alice')
  t.equal(known.requester(`${TOKEN}NaN`, CLAIMED).id, 'claimed')
})

t.test('ever new tokens take bounded memory, and the store still knows the old ones', async (t) => {
  const store = openStore(t)
  const known = issuers(store)
  const credential = known.learn(TOKEN, 1e9, 'alice', 'key')
  store.commit(() => store.writer.learn(credential))
  store.environment.refresh()
  for (let i = 0; i < 10_001; i++) known.learn(`token-${i}`, 1e9, 'bob', 'key')
  t.equal(known.requester(TOKEN, CLAIMED).id, 'alice')
  t.equal(known.requester('token-0', CLAIMED).id, 'claimed', 'forgotten, and never stored')
  t.equal(known.requester('token-10000', CLAIMED).id, 'bob')
})

t.test('a token issued anew acts for its new issuer', async (t) => {
  const known = issuers(openStore(t))
  known.learn(TOKEN, 1000, 'alice', 'key')
  known.learn(TOKEN, 1000, 'bob', 'key')
  t.equal(known.requester(TOKEN, CLAIMED).id, 'bob')
})

t.test('the tokens of a key are forgotten with its token generator, those of others stay', async (t) => {
  const known = issuers(openStore(t))
  known.learn(TOKEN, 1000, 'alice', 'gone')
  known.learn(`${TOKEN}2`, 1000, 'bob', 'kept')
  known.forget('gone')
  t.equal(known.requester(TOKEN, CLAIMED).id, 'claimed')
  t.equal(known.requester(`${TOKEN}2`, CLAIMED).id, 'bob')
})

t.test('a key’s tokens are forgotten before the store has heard of it, and new ones are known', async (t) => {
  const store = openStore(t)
  const known = issuers(store)
  store.commit(() => store.writer.learn(known.learn(TOKEN, 1e6, 'alice', 'key')))
  store.environment.refresh()
  known.forget('key')
  t.equal(known.requester(TOKEN, CLAIMED).id, 'claimed')
  known.learn(`${TOKEN}2`, 1e6, 'alice', 'key')
  t.equal(known.requester(`${TOKEN}2`, CLAIMED).id, 'alice')
})
