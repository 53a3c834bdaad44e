import assert from 'node:assert/strict'
import fc from 'fast-check'
import t from 'tap'
import type { AuditRecord } from '../../src/record.ts'
import {
  appendToBlock,
  FIRST_RECORD,
  newBlockWriter,
  nextRecord,
  recordEnd,
  startBlock,
} from '../../src/store/block.ts'
import { compileMatch } from '../../src/store/match.ts'
import { decodeRecord } from '../../src/store/record-codec.ts'
import { anyRecord, auditRecord, channels, keptText, oddText, outcomes, recordBytes } from './audit-record.ts'
import { historyQuery } from './open-store.ts'

type Filters = Parameters<typeof compileMatch>[0]

/** ASCII letters alone: what an ASCII keyword promises, whatever the text around it. */
function foldAscii(text: string): string {
  return text.replace(/[A-Z]/g, (letter) => letter.toLowerCase())
}

/** The promise of the keyword search, over the decoded record. */
function holdsKeyword(record: AuditRecord, q: string): boolean {
  const { action, requester, address, outcome, status, errorCode, requestId } = record
  const texts = [
    action,
    requester.id,
    address,
    errorCode,
    requestId,
    outcome,
    status === 0 ? '' : String(status),
  ]
  const wanted = Buffer.from(q.replaceAll('\0', '\uFFFD')).toString()
  const isAscii = !/[^\0-\x7f]/.test(wanted.toLowerCase())
  return isAscii
    ? texts.some((text) => foldAscii(text).includes(wanted.toLowerCase()))
    : texts.some((text) => text.toLowerCase().includes(wanted.toLowerCase()))
}

function matchesNaively(record: AuditRecord, filters: Filters): boolean {
  const { q, action, requester, address, channel, outcome } = filters
  return (
    (q === '' || holdsKeyword(record, q)) &&
    (action === '' || record.action === keptText(action, 128)) &&
    (requester === '' || record.requester.id === keptText(requester, 256)) &&
    (address === '' || record.address === keptText(address, 64)) &&
    (channel === '' || record.channel === channel) &&
    (outcome === '' || record.outcome === outcome)
  )
}

/** Which of the records of one block match, newest first as a scan asks; the block must not deny one that does. */
function matchesOf(records: readonly AuditRecord[], filters: Partial<Filters>): boolean[] {
  const match = compileMatch(historyQuery(filters))
  const block = newBlockWriter()
  startBlock(block, Buffer.alloc(32, 'encrypt'))
  for (const record of records) appendToBlock(block, recordBytes(record), record.time)
  const bytes = Buffer.from(block.bytes.subarray(0, block.length))
  const starts: number[] = []
  for (let start = FIRST_RECORD; start < bytes.length; start = nextRecord(recordEnd(bytes, start)))
    starts.push(start)
  const entered = match?.block(bytes) ?? true
  const found = starts.reverse().map((start) => entered && (match?.record(bytes, start) ?? true))
  return found.reverse()
}

function matches(record: AuditRecord, filters: Partial<Filters>): boolean {
  return matchesOf([record], filters)[0] ?? false
}

/** A keyword that has a fair chance: a piece of one of the record's texts, its letters' case changed. */
function piece(text: string, from: number, length: number, change: (text: string) => string): string {
  const units = [...text]
  const start = units.length === 0 ? 0 : from % units.length
  return change(units.slice(start, start + length).join(''))
}

t.test('a keyword finds what a plain search of the decoded texts finds', async () => {
  const anyPiece = fc.record({
    field: fc.nat(6),
    from: fc.nat(300),
    length: fc.integer({ min: 1, max: 6 }),
    change: fc.constantFrom(
      (text: string) => text,
      (text: string) => text.toUpperCase(),
      (text: string) => text.toLowerCase(),
      (text: string) => `${text}x`,
    ),
  })
  const anyRecords = fc.array(anyRecord(), { minLength: 1, maxLength: 6 })
  fc.assert(
    fc.property(anyRecords, anyPiece, oddText(5), (records, { field, from, length, change }, odd) => {
      const kept = records.map((record) => {
        const bytes = recordBytes(record)
        return decodeRecord(bytes, 0, bytes.length, record.key)
      })
      const { action, requester, address, errorCode, requestId, outcome, status } =
        kept[from % kept.length] ?? auditRecord()
      const text = [action, requester.id, address, errorCode, requestId, outcome, String(status)][field] ?? ''
      for (const q of [piece(text, from, length, change), odd]) {
        if (q === '') continue
        const expected = kept.map((record) => holdsKeyword(record, q))
        assert.deepEqual(matchesOf(records, { q }), expected, JSON.stringify(q))
      }
    }),
    { numRuns: 2000 },
  )
})

t.test('filters find what equality of the decoded fields finds, together and alone', async () => {
  const some = fc.constantFrom('encrypt', 'decrypt', 'alice', '10.0.0.1', '')
  const anyFilters = fc.record({
    q: fc.constantFrom('', 'crypt', 'ALI', '200', 'fail'),
    action: some,
    requester: some,
    address: some,
    channel: fc.constantFrom('' as const, ...channels),
    outcome: fc.constantFrom('' as const, ...outcomes),
  })
  const fields = fc.record({
    action: some,
    address: some,
    channel: fc.constantFrom(...channels),
    outcome: fc.constantFrom(...outcomes),
  })
  fc.assert(
    fc.property(fc.array(fc.tuple(fields, some), { maxLength: 20 }), anyFilters, (all, filters) => {
      const records = all.map(([fields, id]) => auditRecord({ ...fields, requester: { id } }))
      const expected = records.map((record) => matchesNaively(record, filters))
      assert.deepEqual(matchesOf(records, filters), expected)
    }),
    { numRuns: 2000 },
  )
})

t.test('a filter compares with what the record keeps of an odd or endless text', async () => {
  fc.assert(
    fc.property(oddText(256), oddText(256), (id, other) => {
      const record = auditRecord({ requester: { id } })
      if (id !== '') assert.equal(matches(record, { requester: id }), true)
      if (other !== '') {
        assert.equal(matches(record, { requester: other }), keptText(id, 256) === keptText(other, 256))
      }
    }),
  )
})

t.test('without a filter there is nothing to test', async (t) => {
  t.equal(compileMatch(historyQuery()), null)
})

t.test('nothing is found across the bounds of fields', async (t) => {
  const record = auditRecord({ action: 'encrypt', requester: { id: 'alice' }, address: '::1' })
  t.equal(matches(record, { q: 'encryptalice' }), false)
  t.equal(matches(record, { q: 'encrypt\0alice' }), false)
  t.equal(matches(record, { q: '\0' }), false)
  t.equal(matches(record, { action: 'encrypt\0alice' }), false)
  t.equal(matches(record, { requester: 'alic' }), false)
  t.equal(matches(record, { requester: 'lice' }), false)
})

t.test('credential, key version, key and reason are not searched', async (t) => {
  const record = auditRecord({
    requester: { credential: 'secret-id' },
    keyVersion: 'v7',
    reason: 'because',
    key: 'k-9',
  })
  for (const q of ['secret-id', 'v7', 'because', 'k-9']) t.equal(matches(record, { q }), false, q)
})

t.test('a status is found by its digits, unless there was none', async (t) => {
  t.equal(matches(auditRecord({ status: 403, requestId: '' }), { q: '40' }), true)
  t.equal(
    matches(auditRecord({ status: 0, address: '', requestId: '', requester: { id: '' } }), { q: '0' }),
    false,
  )
})

t.test('letters beyond ASCII are found in either case', async (t) => {
  t.equal(matches(auditRecord({ requester: { id: 'ÅSA-ключ' } }), { q: 'åsa-КЛЮЧ' }), true)
})
