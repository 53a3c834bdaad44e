import { type Static, Type } from '@sinclair/typebox'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { KeySummary, Reader } from '../store/reader.ts'
import type { Access } from './access.ts'
import { accessOf, requireKey } from './guard.ts'
import { KeySchema, keyJson } from './key-json.ts'
import { keysUnder, wholePrefix } from './key-listing.ts'
import { list } from './listing.ts'
import { missingKey } from './missing-key.ts'
import type { HistoryContext } from './options.ts'
import {
  CursorParameter,
  KeyParams,
  LimitParameter,
  NextCursorSchema,
  parameters,
} from './page-parameters.ts'
import { invalidQuery } from './query-parameters.ts'
import { RecordSchema, recordJson } from './record-json.ts'

const KeysParameters = parameters({
  prefix: Type.String({ format: 'key-id', default: '', description: 'Only ids that start with this' }),
  after: Type.String({ format: 'key-id', default: '', description: 'Only ids behind this one' }),
  limit: LimitParameter,
  cursor: CursorParameter,
})
type KeysParameters = Static<typeof KeysParameters>

const NoParameters = parameters({})
const KeysSchema = Type.Object({ keys: Type.Array(KeySchema), nextCursor: NextCursorSchema })
const LastUseSchema = Type.Object({ record: Type.Union([RecordSchema, Type.Null()]) })

type KeyRequest = FastifyRequest<{ Params: Static<typeof KeyParams> }>

/** Which keys there are, and what is kept of one. */
export function keysRoutes(app: FastifyInstance, context: HistoryContext): void {
  const { reader } = context

  app.get<{ Querystring: KeysParameters }>('/v1/keys', {
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
}

function summaryOf(reader: Reader, request: KeyRequest): KeySummary {
  const { key } = request.params
  requireKey(request, key)
  return reader.key(key) ?? missingKey(reader, key)
}

async function listKeys(
  { reader, cursors, limits, instance }: HistoryContext,
  access: Access,
  { prefix, after, limit, cursor }: KeysParameters,
): Promise<Static<typeof KeysSchema>> {
  if (cursor !== undefined && after !== '') {
    throw invalidQuery([{ parameter: 'after', expected: 'either after or cursor', found: 'both' }])
  }
  const scope = JSON.stringify(['keys', instance, prefix])
  const start = cursor === undefined ? after : cursors.open(scope, cursor)
  const within = wholePrefix(prefix, access.prefix)
  if (within === null) return { keys: [], nextCursor: null }
  const page = await list((position, count) => keysUnder(reader, within, position, count), start, {
    limit,
    budget: limits.scannedEntries,
    shows: (summary) => access.reaches(summary.key),
  })
  const nextCursor = page.next === null ? null : cursors.seal(scope, page.next)
  return { keys: page.entries.map(keyJson), nextCursor }
}
