import { type Static, Type } from '@sinclair/typebox'
import type { FastifyInstance } from 'fastify'
import { requireKey } from './guard.ts'
import { formatInstant, formatOptionalInstant } from './instant.ts'
import { missingKey } from './missing-key.ts'
import type { HistoryContext } from './options.ts'
import { KeyParams, parameters } from './page-parameters.ts'
import { filterOf, filterParameters, periodOf, periodParameters } from './record-filter.ts'
import { InstantSchema } from './record-json.ts'

const HistogramParameters = parameters({
  ...periodParameters,
  ...filterParameters,
  buckets: Type.Integer({ minimum: 1, maximum: 500, default: 60, description: 'At most so many buckets' }),
})
type HistogramParameters = Static<typeof HistogramParameters>

const CountsSchema = Type.Array(Type.Integer(), { description: 'One number a bucket, oldest first' })
const ValueCountSchema = Type.Object({
  value: Type.String(),
  records: Type.Integer(),
  failures: Type.Integer(),
})

const HistogramSchema = Type.Object({
  from: InstantSchema,
  to: InstantSchema,
  bucketMs: Type.Integer({ description: 'Length of a bucket; the first one starts at from' }),
  success: CountsSchema,
  failure: CountsSchema,
  unknown: CountsSchema,
  actions: Type.Array(ValueCountSchema, { description: 'Most frequent first, at most 50' }),
  requesters: Type.Array(ValueCountSchema, { description: 'Most frequent first, at most 50' }),
  countedFrom: Type.Union([InstantSchema, Type.Null()], {
    description: 'Oldest time that was counted; null where the whole period was',
  }),
})

/** How a key's use is spread over a period. */
export function histogramRoutes(app: FastifyInstance, context: HistoryContext): void {
  app.get<{ Params: Static<typeof KeyParams>; Querystring: HistogramParameters }>('/v1/keys/:key/histogram', {
    config: { requires: 'read' },
    schema: {
      summary: "A key's records counted: by time and outcome, by action, by requester",
      tags: ['history'],
      params: KeyParams,
      querystring: HistogramParameters,
      response: { 200: HistogramSchema },
    },
    handler: (request) => {
      const { key } = request.params
      requireKey(request, key)
      return histogram(context, key, request.query)
    },
  })
}

/** Without bounds, from the oldest kept record until now. */
function histogram({ reader, clock }: HistoryContext, key: string, given: HistogramParameters) {
  const summary = reader.key(key) ?? missingKey(reader, key)
  const period = periodOf(given)
  const to = period.to ?? Math.max(clock(), summary.lastActivity ?? 0, period.from ?? 0)
  const from = Math.min(to, period.from ?? summary.coverage.oldest ?? to)
  const bucketMs = Math.max(1, Math.ceil((to - from + 1) / given.buckets))
  const found = reader.histogram({ kind: 'key', key }, { ...filterOf(given), from, to, bucketMs })
  if (found === null) return missingKey(reader, key)
  const countedFrom = formatOptionalInstant(found.countedFrom)
  return { ...found, from: formatInstant(from), to: formatInstant(to), bucketMs, countedFrom }
}
