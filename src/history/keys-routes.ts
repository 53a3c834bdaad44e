import { setImmediate as nextTurn } from 'node:timers/promises'
import { type Static, Type } from '@sinclair/typebox'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { KeySummary, Reader } from '../store/reader.ts'
import type { Access } from './access.ts'
import { accessOf, requireKey } from './guard.ts'
import { KeySchema, keyFigures, keyJson } from './key-json.ts'
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
  order: Type.Unsafe<'id' | 'last-use'>({
    type: 'string',
    enum: ['id', 'last-use'],
    default: 'id',
    description: 'By the bytes of the ids, or the last used first and those never used last',
  }),
  q: Type.String({
    format: 'key-id',
    default: '',
    description: 'Only ids that contain this, in either case; with order last-use',
  }),
  prefix: Type.String({ format: 'key-id', default: '', description: 'Only ids that start with this' }),
  after: Type.String({ format: 'key-id', default: '', description: 'Only ids behind this one' }),
  limit: LimitParameter,
  cursor: CursorParameter,
})
type KeysParameters = Static<typeof KeysParameters>

/** Longest that failures are counted for one page, in ms. */
const COUNTING_MS = 250

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
      summary: 'Keys that have a history',
      tags: ['keys'],
      querystring: KeysParameters,
      response: { 200: KeysSchema },
    },
    handler: async (request) => {
      const access = accessOf(request)
      const { order, q } = request.query
      if (order === 'last-use') return listByLastUse(context, access, request.query)
      if (q !== '')
        throw invalidQuery([{ parameter: 'q', expected: 'order=last-use with it', found: 'order=id' }])
      return listById(context, access, request.query)
    },
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
    handler: (request: KeyRequest) => {
      const summary = summaryOf(reader, request)
      return keyJson(summary, keyFigures(reader, summary, context.failures))
    },
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

async function listById(
  context: HistoryContext,
  access: Access,
  { prefix, after, limit, cursor }: KeysParameters,
): Promise<Static<typeof KeysSchema>> {
  const { reader, cursors, limits, instance } = context
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
  return { keys: await allFigures(context, page.entries), nextCursor }
}

async function listByLastUse(
  context: HistoryContext,
  access: Access,
  { prefix, q, after, limit, cursor }: KeysParameters,
): Promise<Static<typeof KeysSchema>> {
  const { reader, cursors, limits, instance, keyIndex } = context
  if (after !== '') {
    throw invalidQuery([{ parameter: 'after', expected: 'order=id with it', found: 'order=last-use' }])
  }
  const scope = JSON.stringify(['keys', instance, 'last-use', prefix, q])
  const start = cursor === undefined ? '' : cursors.open(scope, cursor)
  const wanted = q.toLowerCase()
  await keyIndex.refresh()
  const page = await keyIndex.page(start, {
    limit,
    // They lie in memory: more can be looked at.
    budget: limits.scannedEntries * 10,
    shows: (key) =>
      (wanted === '' || key.toLowerCase().includes(wanted)) && key.startsWith(prefix) && access.reaches(key),
  })
  const summaries: KeySummary[] = []
  for (const { key } of page.entries) {
    const summary = reader.key(key)
    if (summary === null) keyIndex.forget(key)
    else summaries.push(summary)
  }
  const nextCursor = page.next === null ? null : cursors.seal(scope, page.next)
  return { keys: await allFigures(context, summaries), nextCursor }
}

/** Counts failures of as many keys as a time budget allows; what is counted is known the next time. */
async function allFigures({ reader, failures }: HistoryContext, summaries: readonly KeySummary[]) {
  const keys: Static<typeof KeySchema>[] = []
  let counting = 0
  for (const summary of summaries) {
    const start = performance.now()
    keys.push(keyJson(summary, keyFigures(reader, summary, counting < COUNTING_MS ? failures : null)))
    counting += performance.now() - start
    if (performance.now() - start > 1) await nextTurn()
  }
  return keys
}
