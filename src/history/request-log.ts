import type { FastifyInstance } from 'fastify'
import type { HistoryContext } from './options.ts'

/**
 * Logs who read what, one line a request, if the operator wants it. The route, not the target: a keyword may
 * be a secret pasted by mistake.
 */
export function logRequests(app: FastifyInstance, { logRequests: wanted, logger }: HistoryContext): void {
  if (wanted !== true || logger === undefined) return
  app.addHook('onResponse', async (request, reply) => {
    const { key, keyTag } = (request.params ?? {}) as { key?: string; keyTag?: string }
    logger.info(
      {
        who: request.access?.name ?? '',
        address: request.ip,
        method: request.method,
        route: request.routeOptions.url ?? '',
        key: (key ?? keyTag ?? '').slice(0, 256),
        status: reply.statusCode,
        durationMs: Math.round(reply.elapsedTime),
      },
      'history request',
    )
  })
}
