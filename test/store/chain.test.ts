import { createHash } from 'node:crypto'
import t from 'tap'
import { genesisHash, HASH_BYTES, nextHash } from '../../src/store/chain.ts'

t.test('a hash is SHA-256 over the previous hash and the record', async (t) => {
  const previous = Buffer.alloc(HASH_BYTES, 7)
  for (const size of [0, 1, 100, 4064, 4065, 70_000]) {
    const record = Buffer.alloc(size, 'abc')
    const expected = createHash('sha256').update(previous).update(record).digest()
    t.strictSame(nextHash(previous, record), expected, `${size} bytes`)
  }
})

t.test('hashes already handed out are not overwritten by later ones', async (t) => {
  const first = nextHash(Buffer.alloc(HASH_BYTES), Buffer.from('a'))
  const copy = Buffer.from(first)
  nextHash(first, Buffer.from('b'))
  t.strictSame(first, copy)
})

t.test('the genesis binds a chain to its store, ring and key', async (t) => {
  const hashes = [
    genesisHash(Buffer.alloc(16, 1), 1, 'a'),
    genesisHash(Buffer.alloc(16, 2), 1, 'a'),
    genesisHash(Buffer.alloc(16, 1), 2, 'a'),
    genesisHash(Buffer.alloc(16, 1), 1, 'b'),
  ]
  t.equal(new Set(hashes.map((hash) => hash.toString('hex'))).size, hashes.length)
  t.strictSame(genesisHash(Buffer.alloc(16, 1), 1, 'a'), hashes[0])
})
