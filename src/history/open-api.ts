import type { SwaggerOptions } from '@fastify/swagger'
import { Type } from '@sinclair/typebox'
import type { HistoryContext } from './options.ts'

const ProblemSchema = Type.Object({
  type: Type.String({ description: 'about:blank: code tells problems apart' }),
  title: Type.String(),
  status: Type.Integer(),
  code: Type.String({ description: 'Stable from release to release', examples: ['QUERY_INVALID'] }),
  detail: Type.String(),
  problems: Type.Optional(
    Type.Array(Type.Object({ parameter: Type.String(), expected: Type.String(), found: Type.String() })),
  ),
  tombstone: Type.Optional(Type.Object({}, { description: 'Of a destroyed key, with 410' })),
})

const NaverErrorSchema = Type.Object({
  error: Type.Object({
    errorCode: Type.String({ description: "NAVER Cloud's gateway code" }),
    message: Type.String(),
    details: Type.String({ description: "keytrail's stable code" }),
  }),
})

const PROBLEM = {
  description: 'Any error: a problem document (RFC 9457)',
  content: { 'application/problem+json': { schema: ProblemSchema } },
}
const NAVER_ERROR = {
  description: 'Any error, in the shape of NAVER Cloud',
  content: { 'application/json': { schema: NaverErrorSchema } },
}

/** What /openapi.json says beside the routes, which describe themselves by their schemas. */
export function openApi({ version, auth }: HistoryContext): SwaggerOptions {
  return {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'keytrail history API',
        version,
        description:
          'Who used which key, from where, and whether it worked. Times are RFC 3339 in UTC with milliseconds.',
      },
      ...(auth.kind !== 'none' && {
        components: { securitySchemes: { bearer: { type: 'http', scheme: 'bearer' } } },
        security: [{ bearer: [] }],
      }),
    },
    // The same for every route, and needed for the description only.
    transform({ schema, url }) {
      const error = url.startsWith('/kms/v1/') ? NAVER_ERROR : PROBLEM
      const response = { ...(schema?.response as object | undefined), default: error }
      return { schema: { ...schema, response }, url }
    },
  }
}
