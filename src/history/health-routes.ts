import { type Static, Type } from '@sinclair/typebox'
import type { FastifyInstance } from 'fastify'
import type { HistoryContext, Readiness } from './options.ts'

const HealthSchema = Type.Object({ status: Type.String(), version: Type.String(), instance: Type.String() })
const ReadinessSchema = Type.Object({ ready: Type.Boolean(), reasons: Type.Array(Type.String()) })

/** Liveness, readiness, metrics and this API's description. */
export function healthRoutes(app: FastifyInstance, context: HistoryContext): void {
  const { version, instance } = context
  const readiness = shared(context.readiness)

  app.get('/healthz', {
    config: { requires: 'open' },
    schema: { summary: 'The history thread lives', tags: ['operation'], response: { 200: HealthSchema } },
    handler: (): Static<typeof HealthSchema> => ({ status: 'ok', version, instance }),
  })

  app.get('/readyz', {
    config: { requires: 'open' },
    schema: {
      summary: 'The sidecar can do its work; 503 with reasons where it cannot',
      tags: ['operation'],
      response: { 200: ReadinessSchema, 503: ReadinessSchema },
    },
    handler: async (_request, reply) => {
      const answer = await readiness()
      return reply.code(answer.ready ? 200 : 503).send(answer)
    },
  })

  app.get('/metrics', {
    config: { requires: 'read-all' },
    schema: { summary: 'Prometheus metrics', tags: ['operation'], produces: ['text/plain'] },
    handler: async (_request, reply) =>
      reply.type('text/plain; version=0.0.4; charset=utf-8').send(await context.metrics()),
  })

  app.get('/openapi.json', {
    config: { requires: 'known' },
    schema: { summary: 'This description', tags: ['operation'] },
    handler: () => app.swagger(),
  })
}

/** Callers who come while an answer is being found share it: probes can't pile up. */
function shared(readiness: () => Promise<Readiness>): () => Promise<Readiness> {
  let running: Promise<Readiness> | null = null
  return () => {
    running ??= readiness()
      .catch(() => ({ ready: false, reasons: ['readiness could not be determined'] }))
      .finally(() => {
        running = null
      })
    return running
  }
}
