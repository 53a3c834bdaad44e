import { type Static, Type } from '@sinclair/typebox'
import type { FastifyInstance } from 'fastify'
import type { HistoryQuery, RingName } from '../store/reader.ts'
import { requireKey } from './guard.ts'
import { parseInstant } from './instant.ts'
import { missingKey } from './missing-key.ts'
import type { HistoryContext } from './options.ts'
import {
  CursorParameter,
  KeyParams,
  LimitParameter,
  NextCursorSchema,
  parameters,
} from './page-parameters.ts'
import { checkPeriod } from './query-parameters.ts'
import {
  ChannelSchema,
  CoverageSchema,
  coverageJson,
  OutcomeSchema,
  RecordSchema,
  recordJson,
} from './record-json.ts'

/** Longest text a filter takes, in characters; the fields it is compared with are no longer. */
export const MAX_FILTER_LENGTH = 256

const InstantParameter = Type.Optional(
  Type.String({ format: 'instant', description: 'Inclusive; Unix ms or RFC 3339' }),
)
const TextParameter = Type.String({ format: 'no-nul', maxLength: MAX_FILTER_LENGTH, default: '' })

const HistoryParameters = parameters({
  from: InstantParameter,
  to: InstantParameter,
  q: Type.String({
    ...TextParameter,
    description:
      'Case-insensitive substring of action, requester, address, outcome, status, error code or request id',
  }),
  action: TextParameter,
  requester: TextParameter,
  address: TextParameter,
  channel: Type.Optional(ChannelSchema),
  outcome: Type.Optional(OutcomeSchema),
  limit: LimitParameter,
  cursor: CursorParameter,
})
type HistoryParameters = Static<typeof HistoryParameters>

const HistorySchema = Type.Object({
  records: Type.Array(RecordSchema, { description: 'Newest first' }),
  nextCursor: NextCursorSchema,
  total: Type.Union([Type.Integer(), Type.Null()], {
    description:
      'What matches in the whole ring, limit and cursor aside; null where counting it is too much work',
  }),
  coverage: CoverageSchema,
})

/** The records of a key, and of requests that belong to no known key. */
export function historyRoutes(app: FastifyInstance, context: HistoryContext): void {
  app.get<{ Params: Static<typeof KeyParams>; Querystring: HistoryParameters }>('/v1/keys/:key/history', {
    config: { requires: 'read' },
    schema: {
      summary: "A key's records, newest first",
      tags: ['history'],
      params: KeyParams,
      querystring: HistoryParameters,
      response: { 200: HistorySchema },
    },
    handler: (request) => {
      const { key } = request.params
      requireKey(request, key)
      return historyPage(context, { kind: 'key', key }, request.query)
    },
  })

  app.get<{ Querystring: HistoryParameters }>('/v1/unattributed/history', {
    config: { requires: 'read-all' },
    schema: {
      summary: 'Records of requests that belong to no known key, newest first',
      tags: ['history'],
      querystring: HistoryParameters,
      response: { 200: HistorySchema },
    },
    handler: (request) => historyPage(context, { kind: 'unattributed' }, request.query),
  })
}

function historyPage(
  { reader, cursors, instance }: HistoryContext,
  ring: RingName,
  filters: HistoryParameters,
): Static<typeof HistorySchema> {
  const query = historyQuery(filters)
  // A key id that was destroyed and came back has another ring, and a cursor into the first one ends there.
  const openedAt = ring.kind === 'key' ? (reader.key(ring.key)?.since ?? missingKey(reader, ring.key)) : 0
  const scope = JSON.stringify(['history', instance, ring, openedAt, { ...query, limit: 0 }])
  const before = filters.cursor === undefined ? null : Number(cursors.open(scope, filters.cursor))
  const page = reader.history(ring, { ...query, before })
  if (page === null) return ring.kind === 'key' ? missingKey(reader, ring.key) : NOTHING
  return {
    records: page.records.map(recordJson),
    nextCursor: page.nextBefore === null ? null : cursors.seal(scope, String(page.nextBefore)),
    total: page.total,
    coverage: coverageJson(page.coverage),
  }
}

/** The unattributed ring before its first record. */
const NOTHING: Static<typeof HistorySchema> = {
  records: [],
  nextCursor: null,
  total: 0,
  coverage: {
    oldest: null,
    evictedByCount: 0,
    evictedByAge: 0,
    lost: 0,
    unknown: 0,
    head: { seq: 0, hash: '' },
  },
}

function historyQuery(filters: HistoryParameters): HistoryQuery {
  const from = filters.from === undefined ? null : parseInstant(filters.from)
  const to = filters.to === undefined ? null : parseInstant(filters.to)
  checkPeriod({ name: 'from', ms: from }, { name: 'to', ms: to })
  const { q, action, requester, address, channel = '', outcome = '', limit } = filters
  return { from, to, q, action, requester, address, channel, outcome, limit, offset: 0, before: null }
}
