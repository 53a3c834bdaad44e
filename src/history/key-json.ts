import { type Static, Type } from '@sinclair/typebox'
import type { KeySummary, Tombstone } from '../store/reader.ts'
import { formatInstant, formatOptionalInstant } from './instant.ts'
import { CoverageSchema, coverageJson, InstantSchema } from './record-json.ts'

export const KeySchema = Type.Object({
  key: Type.String(),
  state: Type.String({ description: 'live or destruction-scheduled' }),
  destroyAt: Type.Optional(InstantSchema),
  since: Type.String({ description: 'When the ring was opened' }),
  records: Type.Integer({ description: 'Kept records' }),
  lastActivity: Type.Union([InstantSchema, Type.Null()], { description: 'Time of the newest record' }),
  coverage: CoverageSchema,
})

/** What stays of a destroyed key. */
export const TombstoneSchema = Type.Object({
  key: Type.String(),
  time: Type.String({ description: 'When the key was destroyed' }),
  by: Type.String({ description: "Who destroyed it: the requester's id, or system" }),
  address: Type.Optional(Type.String()),
  records: Type.Integer({ description: 'How many records its ring had taken over its life' }),
  hash: Type.String({ description: 'Last chain hash, hex' }),
})

/** {@link KeySchema} of a key's summary. */
export function keyJson(summary: KeySummary): Static<typeof KeySchema> {
  return {
    key: summary.key,
    state: summary.state,
    ...(summary.destroyAt !== null && { destroyAt: formatInstant(summary.destroyAt) }),
    since: formatInstant(summary.since),
    records: summary.records,
    lastActivity: formatOptionalInstant(summary.lastActivity),
    coverage: coverageJson(summary.coverage),
  }
}

/** {@link TombstoneSchema} of a tombstone. */
export function tombstoneJson(tombstone: Tombstone): Static<typeof TombstoneSchema> {
  return {
    key: tombstone.key,
    time: formatInstant(tombstone.time),
    by: tombstone.by,
    ...(tombstone.address !== '' && { address: tombstone.address }),
    records: tombstone.records,
    hash: tombstone.hash,
  }
}
