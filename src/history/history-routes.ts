import { type Static, Type } from '@sinclair/typebox'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { HistoryPage, HistoryQuery, Reader, RingName } from '../store/reader.ts'
import { type HistoryType, preferredType } from './accept.ts'
import { exportRecords } from './export.ts'
import { requireKey } from './guard.ts'
import { missingKey } from './missing-key.ts'
import type { HistoryContext } from './options.ts'
import { CursorParameter, KeyParams, NextCursorSchema, parameters } from './page-parameters.ts'
import { filterOf, filterParameters, periodOf, periodParameters } from './record-filter.ts'
import { CoverageSchema, coverageJson, RecordSchema, recordJson } from './record-json.ts'

const DEFAULT_LIMIT = 100

const HistoryParameters = parameters({
  ...periodParameters,
  ...filterParameters,
  limit: Type.Optional(
    Type.Integer({
      minimum: 1,
      maximum: 1000,
      description: `Records of a page, ${DEFAULT_LIMIT} if not given; as CSV or NDJSON records at all, without it all of them`,
    }),
  ),
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

const HistoryAnswer = {
  description: 'A page as JSON; as CSV or NDJSON, by Accept, all records from the cursor on',
  content: {
    'application/json': { schema: HistorySchema },
    'text/csv': { schema: Type.String() },
    'application/x-ndjson': { schema: RecordSchema },
  },
}

/** The records of a key, and of requests that belong to no known key. */
export function historyRoutes(app: FastifyInstance, context: HistoryContext): void {
  app.get<{ Params: Static<typeof KeyParams>; Querystring: HistoryParameters }>('/v1/keys/:key/history', {
    config: { requires: 'read' },
    schema: {
      summary: "A key's records, newest first",
      tags: ['history'],
      params: KeyParams,
      querystring: HistoryParameters,
      response: { 200: HistoryAnswer },
    },
    handler: (request, reply) => {
      const { key } = request.params
      requireKey(request, key)
      return answer(context, { kind: 'key', key }, request, reply)
    },
  })

  app.get<{ Querystring: HistoryParameters }>('/v1/unattributed/history', {
    config: { requires: 'read-all' },
    schema: {
      summary: 'Records of requests that belong to no known key, newest first',
      tags: ['history'],
      querystring: HistoryParameters,
      response: { 200: HistoryAnswer },
    },
    handler: (request, reply) => answer(context, { kind: 'unattributed' }, request, reply),
  })
}

/** As JSON a page; as CSV or NDJSON everything from the cursor on. */
function answer(
  context: HistoryContext,
  ring: RingName,
  request: FastifyRequest<{ Querystring: HistoryParameters }>,
  reply: FastifyReply,
) {
  const { reader, hosts } = context
  const type = preferredType(request.headers.accept)
  reply.header('vary', 'accept')
  const asked = askedOf(context, ring, request.query)
  if (type === 'application/json') return historyPage(context, ring, asked)
  const read = (query: HistoryQuery): HistoryPage | null => {
    if (openedAt(reader, ring) !== asked.openedAt) return null
    return reader.history(ring, query) ?? EMPTY_PAGE
  }
  const stream = exportRecords(asked.query, { type, read, hosts, limit: request.query.limit ?? null })
  reply.type(`${type}; charset=utf-8`)
  reply.header('content-disposition', `attachment; filename="${exportName(ring, type)}"`)
  return stream
}

/** A query, and what it is bound to. */
interface Asked {
  readonly query: HistoryQuery
  readonly scope: string
  readonly openedAt: number
}

function askedOf(
  { reader, cursors, instance }: HistoryContext,
  ring: RingName,
  given: HistoryParameters,
): Asked {
  const limit = given.limit ?? DEFAULT_LIMIT
  const query = { ...periodOf(given), ...filterOf(given), limit, offset: 0, before: null }
  // A key id that was destroyed and came back has another ring, and a cursor into the first one ends there.
  const opened = openedAt(reader, ring) ?? missingKey(reader, ring.kind === 'key' ? ring.key : '')
  const scope = JSON.stringify(['history', instance, ring, opened, { ...query, limit: 0 }])
  const before = given.cursor === undefined ? null : Number(cursors.open(scope, given.cursor))
  return { query: { ...query, before }, scope, openedAt: opened }
}

/** When the ring was opened, Unix ms; null for a key without one. */
function openedAt(reader: Reader, ring: RingName): number | null {
  return ring.kind === 'key' ? (reader.key(ring.key)?.since ?? null) : 0
}

async function historyPage(
  { reader, cursors, hosts }: HistoryContext,
  ring: RingName,
  { query, scope }: Asked,
): Promise<Static<typeof HistorySchema>> {
  const page = reader.history(ring, query)
  if (page === null) return ring.kind === 'key' ? missingKey(reader, ring.key) : NOTHING
  const names = await hosts.find(page.records.map(({ address }) => address))
  return {
    records: page.records.map((record) => recordJson(record, names)),
    nextCursor: page.nextBefore === null ? null : cursors.seal(scope, String(page.nextBefore)),
    total: page.total,
    coverage: coverageJson(page.coverage),
  }
}

/** A name that no file system, header or shell takes for anything else. */
function exportName(ring: RingName, type: HistoryType): string {
  const name = ring.kind === 'key' ? ring.key.replace(/[^\w.-]+/g, '_').slice(0, 80) : 'unattributed'
  return `keytrail-${name}.${type === 'text/csv' ? 'csv' : 'ndjson'}`
}

/** The unattributed ring before its first record. */
const NOTHING = {
  records: [],
  nextCursor: null,
  total: 0,
  coverage: {
    ...{ oldest: null, evictedByCount: 0, evictedByAge: 0, lost: 0, unknown: 0, redacted: 0 },
    head: { seq: 0, hash: '' },
  },
}
const EMPTY_PAGE: HistoryPage = { records: [], nextBefore: null, total: 0, coverage: NOTHING.coverage }
