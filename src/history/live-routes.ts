import { type Static, Type } from '@sinclair/typebox'
import type { FastifyInstance } from 'fastify'
import { requireKey } from './guard.ts'
import { missingKey } from './missing-key.ts'
import type { HistoryContext } from './options.ts'
import { KeyParams, parameters } from './page-parameters.ts'
import { filterOf, filterParameters } from './record-filter.ts'

const SEQ = /^\d{1,15}$/

const LiveParameters = parameters({
  ...filterParameters,
  after: Type.Optional(
    Type.Integer({ minimum: 0, description: 'Start behind this seq; Last-Event-ID wins over it' }),
  ),
})

/** New records as they are recorded. */
export function liveRoutes(app: FastifyInstance, { reader, hosts, clock, live }: HistoryContext): void {
  app.get<{ Params: Static<typeof KeyParams>; Querystring: Static<typeof LiveParameters> }>(
    '/v1/keys/:key/live',
    {
      exposeHeadRoute: false,
      config: { requires: 'read' },
      schema: {
        summary: "A key's new records as server-sent events",
        description:
          'Events `record` (id: seq, data: the record), `evicted` (records gone before they could be sent) and `destroyed` (data: the tombstone; the last one). Start with Last-Event-ID or after to get every record behind it.',
        tags: ['history'],
        params: KeyParams,
        querystring: LiveParameters,
        response: {
          200: {
            description: 'Server-sent events',
            content: { 'text/event-stream': { schema: Type.String() } },
          },
        },
      },
      handler: (request, reply) => {
        const { key } = request.params
        requireKey(request, key)
        if (reader.key(key) === null) missingKey(reader, key)
        const last = request.headers['last-event-id']
        const after =
          typeof last === 'string' && SEQ.test(last) ? Number(last) : (request.query.after ?? null)
        const stream = live.open({ reader, hosts, key, filter: filterOf(request.query), after, clock })
        reply.type('text/event-stream').header('x-accel-buffering', 'no')
        return reply.send(stream)
      },
    },
  )
}
