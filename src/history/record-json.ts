import { type Static, Type } from '@sinclair/typebox'
import type { Coverage, StoredRecord } from '../store/reader.ts'
import { formatInstant, formatOptionalInstant } from './instant.ts'

/** Schema of a time: RFC 3339, UTC, milliseconds. */
export const InstantSchema = Type.String({ examples: ['2026-10-01T02:03:04.567Z'] })

export const ChannelSchema = Type.Unsafe<'console' | 'api' | 'system'>({
  type: 'string',
  enum: ['console', 'api', 'system'],
})

export const OutcomeSchema = Type.Unsafe<'success' | 'failure' | 'unknown'>({
  type: 'string',
  enum: ['success', 'failure', 'unknown'],
})

/** A record as this API shows it; what the exchange did not have is left out. */
export const RecordSchema = Type.Object({
  seq: Type.Integer({ description: 'Position in the ring, from 1; never used twice' }),
  time: InstantSchema,
  durationMs: Type.Integer(),
  channel: ChannelSchema,
  address: Type.Optional(Type.String()),
  host: Type.Optional(Type.String({ description: 'Name of the address at the time of reading' })),
  addressSource: Type.String({ description: 'socket, proxy-protocol or forwarded' }),
  requester: Type.Object({
    id: Type.Optional(Type.String()),
    kind: Type.String({ description: 'account, token, certificate or anonymous' }),
    credential: Type.Optional(
      Type.String({ description: 'Non-secret id or short keyed hash of a credential' }),
    ),
    verified: Type.Boolean({ description: 'The upstream accepted the request; else the id is only a claim' }),
  }),
  action: Type.String(),
  class: Type.String({ description: 'use, manage, read or token' }),
  key: Type.Optional(Type.String()),
  keyVersion: Type.Optional(Type.String()),
  outcome: OutcomeSchema,
  status: Type.Optional(Type.Integer({ description: 'HTTP status of the answer' })),
  errorCode: Type.Optional(Type.String()),
  requestId: Type.Optional(Type.String({ description: "The upstream's id of the request" })),
  items: Type.Optional(Type.Integer({ description: 'Batch size' })),
  reason: Type.Optional(Type.String({ description: 'Why the sidecar itself refused or lost something' })),
})

/** What an answer can't show. */
export const CoverageSchema = Type.Object({
  oldest: Type.Union([InstantSchema, Type.Null()], { description: 'Time of the oldest kept record' }),
  evictedByCount: Type.Integer(),
  evictedByAge: Type.Integer(),
  lost: Type.Integer({ description: 'Records lost in durability async, or allowed unrecorded' }),
  unknown: Type.Integer({ description: 'Kept records with outcome unknown' }),
  redacted: Type.Integer({
    description: 'Records not shown because they named a key that was destroyed since',
  }),
  clockHeld: Type.Optional(
    Type.Literal(true, {
      description: 'The clock has jumped ahead: what it makes too old is hidden, but kept',
    }),
  ),
  gaps: Type.Optional(
    Type.Array(Type.Object({ from: InstantSchema, to: InstantSchema }), {
      description:
        'When records of whatever key may have been lost that nothing counts: after a crash in durability async, or a power cut in committed. Oldest first; absent where there is none, and in a list of keys',
    }),
  ),
  head: Type.Object({ seq: Type.Integer(), hash: Type.String() }),
})

export type RecordJson = Static<typeof RecordSchema>

/**
 * {@link RecordSchema} of a kept record; `hosts` are names by address. Assignments rather than spread parts: half
 * the time.
 */
export function recordJson(record: StoredRecord, hosts: ReadonlyMap<string, string> = NO_NAMES): RecordJson {
  const json: RecordJson = {
    seq: record.seq,
    time: formatInstant(record.time),
    durationMs: record.durationMs,
    channel: record.channel,
    addressSource: record.addressSource,
    requester: requesterJson(record),
    action: record.action,
    class: record.class,
    outcome: record.outcome,
  }
  if (record.address !== '') json.address = record.address
  const host = hosts.get(record.address)
  if (host !== undefined) json.host = host
  if (record.key !== '') json.key = record.key
  if (record.keyVersion !== '') json.keyVersion = record.keyVersion
  if (record.status !== 0) json.status = record.status
  if (record.errorCode !== '') json.errorCode = record.errorCode
  if (record.requestId !== '') json.requestId = record.requestId
  if (record.items !== 0) json.items = record.items
  if (record.reason !== '') json.reason = record.reason
  return json
}

const NO_NAMES: ReadonlyMap<string, string> = new Map()

function requesterJson({ requester, outcome }: StoredRecord): RecordJson['requester'] {
  const { id, kind, credential } = requester
  const json: RecordJson['requester'] = { kind, verified: outcome === 'success' && kind !== 'anonymous' }
  if (id !== '') json.id = id
  if (credential !== '') json.credential = credential
  return json
}

/** {@link CoverageSchema} of a ring's coverage. */
export function coverageJson(coverage: Coverage): Static<typeof CoverageSchema> {
  const { gaps, oldest, ...rest } = coverage
  return {
    ...rest,
    oldest: formatOptionalInstant(oldest),
    ...(gaps && { gaps: gaps.map(({ from, to }) => ({ from: formatInstant(from), to: formatInstant(to) })) }),
  }
}
