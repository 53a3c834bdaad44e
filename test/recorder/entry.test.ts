import fc from 'fast-check'
import t from 'tap'
import {
  decodeCredential,
  decodeLost,
  decodeSubmission,
  EntryKind,
  encodeAbandon,
  encodeCredential,
  encodeLost,
  encodeSubmission,
  entryKind,
  entryLength,
  entryTicket,
  type KeyEffect,
  MAX_ENTRY_BYTES,
  NO_EFFECT,
  wholeEntries,
} from '../../src/recorder/entry.ts'
import { fitsRing, LATEST, MAX_KEY_BYTES } from '../../src/store/layout.ts'
import { anyRecord, auditRecord, oddText, recordBytes } from '../store/audit-record.ts'

const start = fc.integer({ min: 0, max: 100 })
const ticket = fc.oneof(fc.nat(), fc.constantFrom(2 ** 31, 2 ** 32, LATEST))
const key = oddText(MAX_KEY_BYTES)
const effect: fc.Arbitrary<KeyEffect> = fc.record({
  keyProven: fc.boolean(),
  destruction: fc.constantFrom('none', 'now', 'scheduled', 'cancelled', 'tokens'),
  destroyAt: fc.integer({ min: 0, max: LATEST }),
  otherKey: fc.oneof(fc.constant(''), key),
})

function space(): Buffer {
  return Buffer.alloc(MAX_ENTRY_BYTES + 200, 0xee)
}

function untouched(bytes: Buffer, from: number, end: number): boolean {
  return bytes.every((byte, at) => (at >= from && at < end) || byte === 0xee)
}

t.test(
  'a submission comes back as it was, whatever stands in it, and touches no byte beside it',
  async () => {
    fc.assert(
      fc.property(anyRecord(), key, effect, ticket, start, (fields, key, effect, ticket, start) => {
        const record = { ...fields, key }
        const bytes = space()
        const end = encodeSubmission(EntryKind.record, ticket, record, effect, bytes, start)
        const stored = Buffer.from(key).toString()
        const decoded = decodeSubmission(bytes, start)
        return (
          entryLength(bytes, start) === end - start &&
          end - start <= MAX_ENTRY_BYTES &&
          entryKind(bytes, start) === EntryKind.record &&
          entryTicket(bytes, start) === ticket &&
          untouched(bytes, start, end) &&
          (decoded.key === stored || !fitsRing(stored)) &&
          decoded.keyProven === effect.keyProven &&
          decoded.destruction === effect.destruction &&
          decoded.destroyAt === effect.destroyAt &&
          (decoded.otherKey === Buffer.from(effect.otherKey).toString() || !fitsRing(effect.otherKey)) &&
          decoded.record.equals(recordBytes(record))
        )
      }),
    )
  },
)

t.test('a key too long for a ring never becomes one that fits', async (t) => {
  for (const character of ['a', 'é', '✓', '🔑']) {
    for (let bytes = MAX_KEY_BYTES - 4; bytes < MAX_KEY_BYTES + 9; bytes++) {
      const filled = character.repeat(bytes / Buffer.byteLength(character))
      const key = filled + 'x'.repeat(bytes - Buffer.byteLength(filled))
      const target = space()
      encodeSubmission(EntryKind.record, 0, auditRecord({ key }), NO_EFFECT, target, 0)
      t.equal(fitsRing(decodeSubmission(target, 0).key), bytes <= MAX_KEY_BYTES, `${bytes} of ${character}`)
      encodeLost(key, 1, target, 0)
      t.equal(fitsRing(decodeLost(target, 0).key), bytes <= MAX_KEY_BYTES)
    }
  }
})

t.test('times from outside are brought within bounds', async (t) => {
  const bytes = space()
  for (const [given, kept] of [
    [-1, 0],
    [Number.NEGATIVE_INFINITY, 0],
    [LATEST + 1, LATEST],
    [Number.POSITIVE_INFINITY, LATEST],
    [Number.NaN, 0],
    [1.5, 1],
  ] as const) {
    const scheduled = { keyProven: true, destruction: 'scheduled', destroyAt: given, otherKey: '' } as const
    encodeSubmission(EntryKind.record, 1, auditRecord(), scheduled, bytes, 0)
    t.equal(decodeSubmission(bytes, 0).destroyAt, kept)
    encodeCredential({ hash: Buffer.alloc(32), expires: given, issuer: 'i', key: 'k' }, bytes, 0)
    t.equal(decodeCredential(bytes, 0).expires, kept)
  }
})

t.test('credentials, losses and abandoned tickets come back', async () => {
  const hash = fc.uint8Array({ minLength: 32, maxLength: 32 }).map((bytes) => Buffer.from(bytes))
  const expires = fc.integer({ min: 0, max: LATEST })
  fc.assert(
    fc.property(hash, expires, oddText(256), oddText(1024), start, (hash, expires, issuer, key, start) => {
      const bytes = space()
      const end = encodeCredential({ hash, expires, issuer, key }, bytes, start)
      const decoded = decodeCredential(bytes, start)
      return (
        untouched(bytes, start, end) &&
        entryKind(bytes, start) === EntryKind.credential &&
        entryTicket(bytes, start) === 0 &&
        decoded.hash.equals(hash) &&
        decoded.expires === expires &&
        decoded.issuer === Buffer.from(issuer).toString() &&
        (Buffer.byteLength(key) > 1024 || decoded.key === Buffer.from(key).toString())
      )
    }),
  )
  fc.assert(
    fc.property(ticket, fc.integer({ min: 0, max: 2 ** 32 - 1 }), start, (ticket, count, start) => {
      const bytes = space()
      const middle = encodeAbandon(ticket, bytes, start)
      const end = encodeLost('k', count, bytes, middle)
      const lost = decodeLost(bytes, middle)
      return (
        untouched(bytes, start, end) &&
        entryKind(bytes, start) === EntryKind.abandon &&
        entryTicket(bytes, start) === ticket &&
        entryLength(bytes, start) === middle - start &&
        lost.key === 'k' &&
        lost.count === count
      )
    }),
  )
})

t.test('a credential is a copy: the journal’s bytes may be used anew', async (t) => {
  const bytes = space()
  encodeCredential({ hash: Buffer.alloc(32, 7), expires: 1, issuer: 'i', key: 'k' }, bytes, 0)
  const { hash } = decodeCredential(bytes, 0)
  bytes.fill(0)
  t.ok(hash.equals(Buffer.alloc(32, 7)))
})

t.test('whole entries end before the one that is cut, and before what is none', async () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 300 }), { maxLength: 8 }), fc.nat(3000), (sizes, cut) => {
      const bytes = Buffer.alloc(4000)
      const ends = [0]
      for (const size of sizes) ends.push(encodeLost('x'.repeat(size), 1, bytes, ends.at(-1) ?? 0))
      const kept = Math.max(...ends.filter((end) => end <= cut))
      return wholeEntries(bytes.subarray(0, cut)) === kept
    }),
  )
})
