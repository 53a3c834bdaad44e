import { type Static, Type } from '@sinclair/typebox'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { KeySummary, Reader } from '../store/reader.ts'
import { type Access, reachesKey, sharedPrefix } from './access.ts'
import { MAX_CURSOR_LENGTH } from './cursor.ts'
import { accessOf, requireKey } from './guard.ts'
import { KeySchema, keyJson, TombstoneSchema, tombstoneJson } from './key-json.ts'
import { type Batch, list } from './listing.ts'
import { missingKey } from './missing-key.ts'
import type { HistoryContext } from './options.ts'
import { invalidQuery } from './query-parameters.ts'
import { RecordSchema, recordJson } from './record-json.ts'

const CursorParameter = Type.Optional(
  Type.String({ maxLength: MAX_CURSOR_LENGTH, description: 'nextCursor of the answer before' }),
)
const LimitParameter = Type.Integer({ minimum: 1, maximum: 1000, default: 100 })

const KeysParameters = Type.Object(
  {
    prefix: Type.String({ format: 'key-id', default: '', description: 'Only ids that start with this' }),
    after: Type.String({ format: 'key-id', default: '', description: 'Only ids behind this one' }),
    limit: LimitParameter,
    cursor: CursorParameter,
  },
  { additionalProperties: false },
)
const TombstoneParameters = Type.Object(
  { limit: LimitParameter, cursor: CursorParameter },
  { additionalProperties: false },
)
const NoParameters = Type.Object({}, { additionalProperties: false })
/** The key's id, percent-encoded as one path segment (`/` as `%2F`). */
export const KeyParams = Type.Object({ key: Type.String() })
const NextCursorSchema = Type.Union([Type.String(), Type.Null()])

const KeysSchema = Type.Object({ keys: Type.Array(KeySchema), nextCursor: NextCursorSchema })
const TombstonesSchema = Type.Object({
  tombstones: Type.Array(TombstoneSchema),
  nextCursor: NextCursorSchema,
})
const LastUseSchema = Type.Object({ record: Type.Union([RecordSchema, Type.Null()]) })

type KeyRequest = FastifyRequest<{ Params: Static<typeof KeyParams> }>

/** Which keys there are, what is kept of one, and what is left of destroyed ones. */
export function keysRoutes(app: FastifyInstance, context: HistoryContext): void {
  const { reader } = context

  app.get<{ Querystring: Static<typeof KeysParameters> }>('/v1/keys', {
    config: { requires: 'read' },
    schema: {
      summary: 'Keys that have a history, in the order of their ids',
      tags: ['keys'],
      querystring: KeysParameters,
      response: { 200: KeysSchema },
    },
    handler: (request) => listKeys(context, accessOf(request), request.query),
  })

  app.get('/v1/keys/:key', {
    config: { requires: 'read' },
    schema: {
      summary: 'One key',
      tags: ['keys'],
      params: KeyParams,
      querystring: NoParameters,
      response: { 200: KeySchema },
    },
    handler: (request: KeyRequest) => keyJson(summaryOf(reader, request)),
  })

  app.get('/v1/keys/:key/last-use', {
    config: { requires: 'read' },
    schema: {
      summary: 'The newest kept record of a successful use; null for a key that was not used',
      tags: ['keys'],
      params: KeyParams,
      querystring: NoParameters,
      response: { 200: LastUseSchema },
    },
    handler: (request: KeyRequest) => {
      const { key } = summaryOf(reader, request)
      const record = reader.lastUse(key)
      return { record: record === null ? null : recordJson(record) }
    },
  })

  app.get<{ Querystring: Static<typeof TombstoneParameters> }>('/v1/tombstones', {
    config: { requires: 'read' },
    schema: {
      summary: 'What is left of destroyed keys, newest first',
      tags: ['keys'],
      querystring: TombstoneParameters,
      response: { 200: TombstonesSchema },
    },
    handler: (request) => listTombstones(context, accessOf(request), request.query),
  })
}

function summaryOf(reader: Reader, request: KeyRequest): KeySummary {
  const { key } = request.params
  requireKey(request, key)
  return reader.key(key) ?? missingKey(reader, key)
}

async function listKeys(
  { reader, cursors, limits, instance }: HistoryContext,
  access: Access,
  { prefix, after, limit, cursor }: Static<typeof KeysParameters>,
): Promise<Static<typeof KeysSchema>> {
  if (cursor !== undefined && after !== '') {
    throw invalidQuery([{ parameter: 'after', expected: 'either after or cursor', found: 'both' }])
  }
  const scope = JSON.stringify(['keys', instance, prefix])
  const start = cursor === undefined ? after : cursors.open(scope, cursor)
  const fetch = (position: string, count: number): Batch<KeySummary> =>
    keysUnder(reader, wholePrefix(prefix, sharedPrefix(access)), position, count)
  const shows = (summary: KeySummary): boolean => reachesKey(access, summary.key)
  const page = await list(fetch, start, { limit, budget: limits.scannedEntries, shows })
  const nextCursor = page.next === null ? null : cursors.seal(scope, page.next)
  return { keys: page.entries.map(keyJson), nextCursor }
}

/** The prefix of what starts with both; null where nothing does. */
function wholePrefix(one: string, other: string): string | null {
  if (one.startsWith(other)) return one
  return other.startsWith(one) ? other : null
}

/** Up to `count` keys behind `after` that start with `prefix`, without looking at those before it. */
function keysUnder(reader: Reader, prefix: string | null, after: string, count: number): Batch<KeySummary> {
  if (prefix === null) return { entries: [], next: null }
  const keys: KeySummary[] = []
  if (!after.startsWith(prefix)) {
    // In the order of their bytes, what starts with a prefix lies right behind the prefix itself.
    if (Buffer.compare(Buffer.from(after), Buffer.from(prefix)) > 0) return { entries: [], next: null }
    const first = reader.key(prefix)
    if (first !== null) keys.push(first)
  }
  const from = after.startsWith(prefix) ? after : prefix
  // One more than is asked for tells whether anything follows.
  for (const summary of reader.keys(from, count + 1 - keys.length)) {
    if (!summary.key.startsWith(prefix)) return { entries: keys, next: null }
    if (keys.length === count) return { entries: keys, next: keys.at(-1)?.key ?? null }
    keys.push(summary)
  }
  return { entries: keys, next: null }
}

async function listTombstones(
  { reader, cursors, limits, instance }: HistoryContext,
  access: Access,
  { limit, cursor }: Static<typeof TombstoneParameters>,
): Promise<Static<typeof TombstonesSchema>> {
  const scope = JSON.stringify(['tombstones', instance])
  const start = cursor === undefined ? '' : cursors.open(scope, cursor)
  const page = await list(
    (position, count) => {
      const { tombstones, nextBefore } = reader.tombstones(position === '' ? null : position, count)
      return { entries: tombstones, next: nextBefore }
    },
    start,
    { limit, budget: limits.scannedEntries, shows: (tombstone) => reachesKey(access, tombstone.key) },
  )
  const nextCursor = page.next === null ? null : cursors.seal(scope, page.next)
  return { tombstones: page.entries.map(tombstoneJson), nextCursor }
}
