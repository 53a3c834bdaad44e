import { type Static, Type } from '@sinclair/typebox'
import type { FastifyInstance } from 'fastify'
import type { Reader, Tombstone } from '../store/reader.ts'
import type { Access } from './access.ts'
import { accessOf } from './guard.ts'
import { TombstoneSchema, tombstoneJson } from './key-json.ts'
import { type Batch, list } from './listing.ts'
import type { HistoryContext } from './options.ts'
import { CursorParameter, LimitParameter, NextCursorSchema, parameters } from './page-parameters.ts'

const TombstoneParameters = parameters({ limit: LimitParameter, cursor: CursorParameter })
type TombstoneParameters = Static<typeof TombstoneParameters>

const TombstonesSchema = Type.Object({
  tombstones: Type.Array(TombstoneSchema),
  nextCursor: NextCursorSchema,
})

/** What is left of destroyed keys. */
export function tombstoneRoutes(app: FastifyInstance, context: HistoryContext): void {
  app.get<{ Querystring: TombstoneParameters }>('/v1/tombstones', {
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

async function listTombstones(
  { reader, cursors, limits, instance }: HistoryContext,
  access: Access,
  { limit, cursor }: TombstoneParameters,
): Promise<Static<typeof TombstonesSchema>> {
  const scope = JSON.stringify(['tombstones', instance])
  const start = cursor === undefined ? '' : cursors.open(scope, cursor)
  const page = await list((position, count) => tombstonesBehind(reader, position, count), start, {
    limit,
    budget: limits.scannedEntries,
    shows: (tombstone) => access.reaches(tombstone.key),
  })
  const nextCursor = page.next === null ? null : cursors.seal(scope, page.next)
  return { tombstones: page.entries.map(tombstoneJson), nextCursor }
}

function tombstonesBehind(reader: Reader, position: string, count: number): Batch<Tombstone> {
  const { tombstones, nextBefore } = reader.tombstones(position === '' ? null : position, count)
  return { entries: tombstones, next: nextBefore }
}
