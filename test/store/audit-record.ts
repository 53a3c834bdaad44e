import fc from 'fast-check'
import type { AuditRecord, Channel, Outcome } from '../../src/record.ts'
import { encodeRecord, MAX_RECORD_BYTES } from '../../src/store/record-codec.ts'

/** Flat overrides for {@link auditRecord}. */
export interface RecordFields extends Partial<Omit<AuditRecord, 'requester'>> {
  readonly requester?: Partial<AuditRecord['requester']>
}

/** A typical record of NAVER's key API, with `fields` in place of its own. */
export function auditRecord(fields: RecordFields = {}): AuditRecord {
  return {
    time: 1_700_000_000_000,
    durationMs: 12,
    channel: 'api',
    address: '203.0.113.7',
    addressSource: 'socket',
    action: 'encrypt',
    class: 'use',
    key: 'tag-1',
    keyVersion: '',
    outcome: 'success',
    status: 200,
    errorCode: '',
    requestId: '0d4f6d1e-6f0c-4c8e-9d2b-1f1f1f1f1f1f',
    items: 0,
    reason: '',
    ...fields,
    requester: {
      id: '261234567890',
      kind: 'account',
      credential: 'AKIAEXAMPLE123456789',
      ...fields.requester,
    },
  }
}

/** The record's bytes, its key aside. */
export function recordBytes(record: AuditRecord): Buffer {
  const bytes = Buffer.alloc(MAX_RECORD_BYTES)
  return Buffer.from(bytes.subarray(0, encodeRecord(record, bytes, 0)))
}

/** Text as a hostile client would send it: NUL, lone surrogates, line separators, emoji, and far too much. */
export function oddText(longest: number): fc.Arbitrary<string> {
  const odd = fc.constantFrom(
    '\0',
    '\ud83d',
    '\udd11',
    '🔑',
    '\u2028',
    '\u2029',
    '\uffff',
    'é',
    'K',
    'İ',
    '\x7f',
    '…',
  )
  const unit = fc.oneof({ weight: 3, arbitrary: fc.string({ unit: 'binary-ascii', maxLength: 1 }) }, odd)
  const short = fc.array(unit, { maxLength: 12 }).map((units) => units.join(''))
  return fc.oneof(
    { weight: 4, arbitrary: short },
    fc
      .tuple(fc.integer({ min: longest - 3, max: longest + 3 }), unit, short)
      .map(
        ([length, filler, end]) =>
          (filler || 'x').repeat(length).slice(0, Math.max(0, length - end.length)) + end,
      ),
  )
}

export const channels: readonly Channel[] = ['api', 'console', 'system']
export const outcomes: readonly Outcome[] = ['success', 'failure', 'unknown']

/** Any record at all, every field as odd as it gets. */
export function anyRecord(): fc.Arbitrary<AuditRecord> {
  return fc.record({
    time: fc.integer({ min: 0, max: 2 ** 48 - 1 }),
    durationMs: fc.integer({ min: 0, max: 2 ** 32 - 1 }),
    channel: fc.constantFrom(...channels),
    address: oddText(64),
    addressSource: fc.constantFrom('socket', 'proxy-protocol', 'forwarded'),
    requester: fc.record({
      id: oddText(256),
      kind: fc.constantFrom('account', 'token', 'certificate', 'anonymous'),
      credential: oddText(128),
    }),
    action: oddText(128),
    class: fc.constantFrom('use', 'manage', 'read', 'token'),
    key: fc.constant('tag-1'),
    keyVersion: oddText(32),
    outcome: fc.constantFrom(...outcomes),
    status: fc.integer({ min: 0, max: 999 }),
    errorCode: oddText(64),
    requestId: oddText(128),
    items: fc.integer({ min: 0, max: 2 ** 32 - 1 }),
    reason: oddText(128),
  })
}

/** What is kept of `text`, by the codec's promise rather than by its code. */
export function keptText(text: string, limit: number): string {
  let kept = text
  if (text.length > limit) {
    kept = text.slice(0, limit - 1)
    if (/[\ud800-\udbff]$/.test(kept)) kept = kept.slice(0, -1)
    kept += '…'
  }
  return Buffer.from(kept.replaceAll('\0', '\uFFFD')).toString()
}
