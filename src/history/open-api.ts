import type { SwaggerOptions } from '@fastify/swagger'
import type { HistoryContext } from './options.ts'

/** What /openapi.json says beside the routes, which describe themselves by their schemas. */
export function openApi({ version, auth }: HistoryContext): SwaggerOptions {
  const bearer = auth.kind !== 'none'
  return {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'keytrail history API',
        version,
        description:
          'Who used which key, from where, and whether it worked. Times are RFC 3339 in UTC with milliseconds. ' +
          'Errors are problem documents (RFC 9457) with a stable `code`; under /kms/v1 they have the shape of ' +
          'NAVER Cloud.',
      },
      ...(bearer && {
        components: { securitySchemes: { bearer: { type: 'http', scheme: 'bearer' } } },
        security: [{ bearer: [] }],
      }),
    },
  }
}
