import assert from 'node:assert/strict'
import fc from 'fast-check'
import t from 'tap'
import type { AuditRecord } from '../../src/record.ts'
import { MAX_KEY_BYTES } from '../../src/store/layout.ts'
import {
  decodeRecord,
  encodeRecord,
  fieldBytes,
  MAX_RECORD_BYTES,
  recordChannel,
  recordClass,
  recordOutcome,
  recordStatus,
  recordTime,
  setRecordTime,
  withKey,
} from '../../src/store/record-codec.ts'
import { anyRecord, auditRecord, keptText, oddText, recordBytes } from './audit-record.ts'

function kept(record: AuditRecord): AuditRecord {
  return {
    ...record,
    address: keptText(record.address, 64),
    action: keptText(record.action, 128),
    keyVersion: keptText(record.keyVersion, 32),
    errorCode: keptText(record.errorCode, 64),
    requestId: keptText(record.requestId, 128),
    reason: keptText(record.reason, 128),
    requester: {
      ...record.requester,
      id: keptText(record.requester.id, 256),
      credential: keptText(record.requester.credential, 128),
    },
  }
}

t.test('a record comes back as it was, but for NULs, lone surrogates and what is too long', async () => {
  fc.assert(
    fc.property(anyRecord(), fc.nat(100), (record, start) => {
      const bytes = Buffer.alloc(start + MAX_RECORD_BYTES, 0xaa)
      const end = encodeRecord(record, bytes, start)
      assert.deepEqual(decodeRecord(bytes, start, end, record.key), kept(record))
      assert.equal(
        bytes.subarray(0, start).every((byte) => byte === 0xaa),
        true,
      )
      assert.equal(
        bytes.subarray(end).every((byte) => byte === 0xaa),
        true,
      )
    }),
    { numRuns: 500 },
  )
})

t.test('single fields are read without decoding the rest', async () => {
  fc.assert(
    fc.property(anyRecord(), (record) => {
      const bytes = recordBytes(record)
      assert.equal(recordTime(bytes, 0), record.time)
      assert.equal(recordOutcome(bytes, 0), record.outcome)
      assert.equal(recordChannel(bytes, 0), record.channel)
      assert.equal(recordClass(bytes, 0), record.class)
      assert.equal(recordStatus(bytes, 0), record.status)
    }),
  )
})

t.test('every field at its limit, three bytes a character, fits the promised size', async (t) => {
  const wide = '\u2028'.repeat(1000)
  const record = auditRecord({
    action: wide,
    address: wide,
    errorCode: wide,
    requestId: wide,
    keyVersion: wide,
    reason: wide,
    requester: { id: wide, credential: wide },
  })
  const bytes = Buffer.alloc(MAX_RECORD_BYTES)
  const end = encodeRecord(record, bytes, 0)
  t.equal(end, MAX_RECORD_BYTES - 2 * 8, 'a NUL takes one byte, for which three are reckoned')
  t.strictSame(decodeRecord(bytes, 0, end, record.key), kept(record))
})

t.test('numbers outside their range are bounded, since clocks step and bodies lie', async (t) => {
  const bytes = recordBytes(auditRecord({ durationMs: -5, items: -1 }))
  t.match(decodeRecord(bytes, 0, bytes.length, 'k'), { durationMs: 0, items: 0 })
  const large = recordBytes(auditRecord({ durationMs: 1e15, items: Infinity }))
  t.match(decodeRecord(large, 0, large.length, 'k'), { durationMs: 0xffffffff, items: 0xffffffff })
  t.match(decodeRecord(recordBytes(auditRecord({ items: NaN })), 0, 0, 'k'), { items: 0 })
})

t.test('the time can be raised, and nothing else changes', async (t) => {
  const record = auditRecord()
  const bytes = recordBytes(record)
  setRecordTime(bytes, 0, 2 ** 48 - 1)
  t.strictSame(decodeRecord(bytes, 0, bytes.length, record.key), { ...record, time: 2 ** 48 - 1 })
})

t.test('the key behind a record comes back, NUL and all', async () => {
  fc.assert(
    fc.property(anyRecord(), oddText(MAX_KEY_BYTES), (record, key) => {
      fc.pre(key !== '')
      const bytes = withKey(recordBytes(record), key)
      const decoded = decodeRecord(bytes, 0, bytes.length, '')
      const whole = Buffer.from(key)
      if (whole.length <= MAX_KEY_BYTES) assert.equal(decoded.key, whole.toString())
      else {
        assert.ok(Buffer.byteLength(decoded.key) <= MAX_KEY_BYTES)
        assert.ok(decoded.key.endsWith('…'))
        assert.ok(whole.toString().startsWith(decoded.key.slice(0, -1)))
      }
      assert.deepEqual({ ...decoded, key: record.key }, kept(record))
    }),
  )
})

t.test('a field on its own has the bytes it has in a record', async () => {
  fc.assert(
    fc.property(oddText(256), (id) => {
      const bytes = recordBytes(auditRecord({ action: '', requester: { id } }))
      const field = fieldBytes('requester', id)
      assert.equal(bytes.subarray(22, 22 + field.length).equals(field), true)
      assert.equal(field.indexOf(0), field.length - 1)
    }),
  )
})
