import { type Static, Type } from '@sinclair/typebox'
import type { KeySummary, Reader, StoredRecord, Tombstone } from '../store/reader.ts'
import type { FailureCounts } from './failure-counts.ts'
import { formatInstant, formatOptionalInstant } from './instant.ts'
import { ChannelSchema, CoverageSchema, coverageJson, InstantSchema } from './record-json.ts'

/** Of an evicted record only the time is left. */
const LastUseSchema = Type.Object({
  time: InstantSchema,
  action: Type.Optional(Type.String()),
  requester: Type.Optional(Type.String()),
  address: Type.Optional(Type.String()),
})

export const KeySchema = Type.Object({
  key: Type.String(),
  state: Type.String({ description: 'live or destruction-scheduled' }),
  destroyAt: Type.Optional(InstantSchema),
  since: Type.String({ description: 'When the ring was opened' }),
  records: Type.Integer({ description: 'Kept records' }),
  lastActivity: Type.Union([InstantSchema, Type.Null()], { description: 'Time of the newest record' }),
  lastUse: Type.Union([LastUseSchema, Type.Null()], { description: 'Newest successful use; null for none' }),
  failures24h: Type.Union([Type.Integer(), Type.Null()], {
    description:
      'Failures within the last 24 hours; null where counting them is too much work for this answer',
  }),
  coverage: CoverageSchema,
})

/** What stays of a destroyed key. */
export const TombstoneSchema = Type.Object({
  key: Type.String(),
  time: Type.String({ description: 'When the key was destroyed' }),
  channel: ChannelSchema,
  by: Type.String({ description: "Who destroyed it: the requester's id, or system" }),
  scheduledBy: Type.Optional(Type.String({ description: 'Who had scheduled it' })),
  address: Type.Optional(Type.String()),
  records: Type.Integer({ description: 'How many records its ring had taken over its life' }),
  hash: Type.String({ description: 'Last chain hash, hex' }),
})

/** What a key's summary is shown with. */
interface KeyFigures {
  /** Unix ms; 0 for none. */
  readonly lastUse: number
  /** Its record; null where it is evicted. */
  readonly lastUseRecord: StoredRecord | null
  readonly failures24h: number | null
}

/** {@link KeyFigures} of a key; failures are counted unless `failures` is null. */
export function keyFigures(
  reader: Reader,
  { key, since }: KeySummary,
  failures: FailureCounts | null,
): KeyFigures {
  return {
    lastUse: reader.keyUse(key)?.lastUse ?? 0,
    lastUseRecord: reader.lastUse(key),
    failures24h: failures?.of(key, since) ?? null,
  }
}

/** {@link KeySchema} of a key's summary. */
export function keyJson(summary: KeySummary, figures: KeyFigures): Static<typeof KeySchema> {
  return {
    key: summary.key,
    state: summary.state,
    ...(summary.destroyAt !== null && { destroyAt: formatInstant(summary.destroyAt) }),
    since: formatInstant(summary.since),
    records: summary.records,
    lastActivity: formatOptionalInstant(summary.lastActivity),
    lastUse: lastUseJson(figures),
    failures24h: figures.failures24h,
    coverage: coverageJson(summary.coverage),
  }
}

function lastUseJson({ lastUse, lastUseRecord }: KeyFigures): Static<typeof LastUseSchema> | null {
  if (lastUseRecord === null) return lastUse === 0 ? null : { time: formatInstant(lastUse) }
  const { time, action, requester, address } = lastUseRecord
  return {
    time: formatInstant(time),
    action,
    ...(requester.id !== '' && { requester: requester.id }),
    ...(address !== '' && { address }),
  }
}

/** {@link TombstoneSchema} of a tombstone. */
export function tombstoneJson(tombstone: Tombstone): Static<typeof TombstoneSchema> {
  return {
    key: tombstone.key,
    time: formatInstant(tombstone.time),
    channel: tombstone.channel,
    by: tombstone.by,
    ...(tombstone.scheduledBy !== '' && { scheduledBy: tombstone.scheduledBy }),
    ...(tombstone.address !== '' && { address: tombstone.address }),
    records: tombstone.records,
    hash: tombstone.hash,
  }
}
