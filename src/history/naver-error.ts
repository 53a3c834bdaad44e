import type { FastifyReply } from 'fastify'
import type { ErrorFacts } from './error-answer.ts'

/**
 * NAVER's API gateway codes by HTTP status: the common table of
 * https://api-gov.ncloud-docs.com/docs/api-call-lgc-errorhandling
 */
const GATEWAY_CODE: Record<number, string> = {
  400: '100',
  401: '200',
  403: '230',
  404: '300',
  405: '100',
  414: '430',
  429: '420',
  431: '430',
  503: '500',
}
const UNEXPECTED = '900'

/**
 * Answers in NAVER's error shape; `details`, which some of its clients read, carries keytrail's own stable
 * code. NAVER knows no 410: a destroyed key is not found.
 */
export function sendNaverError(reply: FastifyReply, facts: ErrorFacts): FastifyReply {
  const status = facts.status === 410 ? 404 : facts.status
  const error = {
    errorCode: GATEWAY_CODE[status] ?? UNEXPECTED,
    message: facts.detail,
    details: facts.code,
  }
  return reply.code(status).headers(facts.headers).type('application/json').send(JSON.stringify({ error }))
}
