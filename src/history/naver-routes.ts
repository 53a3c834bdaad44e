import { type Static, type TSchema, Type } from '@sinclair/typebox'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { errorFacts } from './error-answer.ts'
import { requireKey } from './guard.ts'
import { missingKey } from './missing-key.ts'
import { sendNaverError } from './naver-error.ts'
import { ActivitySchema, activityJson } from './naver-json.ts'
import { numberedPage } from './numbered-page.ts'
import type { HistoryContext } from './options.ts'
import { HistoryProblem } from './problem.ts'
import { checkPeriod } from './query-parameters.ts'
import { MAX_FILTER_LENGTH } from './record-filter.ts'

const DAY_MS = 86_400_000
/** NAVER's `Integer`. */
const MAX_INTEGER = 2_147_483_647

const UnixMsParameter = Type.Optional(Type.String({ format: 'unix-ms', description: 'Unix ms, inclusive' }))

/** Names, defaults and limits of https://api.ncloud-docs.com/docs/security-kms2-key-activity-logs */
const ActivitiesParameters = Type.Object({
  keyword: Type.String({ format: 'no-nul', maxLength: MAX_FILTER_LENGTH, default: '' }),
  timestampFrom: UnixMsParameter,
  timestampTo: UnixMsParameter,
  pageNo: Type.Integer({ minimum: 1, maximum: MAX_INTEGER, default: 1 }),
  pageSize: Type.Integer({ minimum: 1, maximum: 200, default: 100 }),
})
type ActivitiesParameters = Static<typeof ActivitiesParameters>

const KeyTagParams = Type.Object({ keyTag: Type.String() })
type KeyTagParams = Static<typeof KeyTagParams>

const ActivitiesSchema = success(
  Type.Object({
    activityLogList: Type.Array(ActivitySchema, { description: 'Newest first' }),
    pageSize: Type.Integer(),
    currentPageNo: Type.Integer(),
    totalPageNo: Type.Integer(),
    totalCount: Type.Integer(),
  }),
)
const LastUseInfoSchema = success(Type.Union([ActivitySchema, Type.Null()]))

/** NAVER Cloud KMS's own two history calls; to be registered under `/kms/v1`. */
export function naverRoutes(app: FastifyInstance, context: HistoryContext): void {
  const { reader } = context
  app.addHook('preValidation', dropEmptyParameters)
  app.setErrorHandler((error: Error, _request, reply) =>
    sendNaverError(reply, errorFacts(error, context.logger)),
  )
  app.setNotFoundHandler((_request: FastifyRequest, reply: FastifyReply) => {
    const missing = new HistoryProblem(
      'NOT_FOUND',
      'expected /kms/v1/keys/{keyTag}/activities or …/last-use-info',
    )
    return sendNaverError(reply, errorFacts(missing, context.logger))
  })

  app.get<{ Params: KeyTagParams; Querystring: ActivitiesParameters }>('/keys/:keyTag/activities', {
    config: { requires: 'read' },
    schema: {
      summary: "A key's records, as NAVER Cloud KMS answers",
      tags: ['naver'],
      params: KeyTagParams,
      querystring: ActivitiesParameters,
      response: { 200: ActivitiesSchema },
    },
    handler: (request) => {
      requireKey(request, request.params.keyTag)
      return activities(context, request.params.keyTag, request.query)
    },
  })

  app.get<{ Params: KeyTagParams }>('/keys/:keyTag/last-use-info', {
    config: { requires: 'read' },
    schema: {
      summary: 'The newest successful use of a key; data is null for a key that was not used',
      tags: ['naver'],
      params: KeyTagParams,
      response: { 200: LastUseInfoSchema },
    },
    handler: (request) => {
      const { keyTag } = request.params
      requireKey(request, keyTag)
      if (reader.key(keyTag) === null) missingKey(reader, keyTag)
      const record = reader.lastUse(keyTag)
      return { code: 'SUCCESS', data: record === null ? null : activityJson(keyTag, record) }
    },
  })
}

async function activities(
  { reader, clock }: HistoryContext,
  keyTag: string,
  { keyword, timestampFrom, timestampTo, pageNo, pageSize }: ActivitiesParameters,
): Promise<Static<typeof ActivitiesSchema>> {
  const from = timestampFrom === undefined ? clock() - DAY_MS : Number(timestampFrom)
  // «Now» is no bound: after a step back of the clock the ring's newest records lie ahead of it.
  const to = timestampTo === undefined ? null : Number(timestampTo)
  checkPeriod({ name: 'timestampFrom', ms: from }, { name: 'timestampTo', ms: to })
  const filters = {
    from,
    to,
    q: keyword,
    action: '',
    requester: '',
    address: '',
    channel: '',
    outcome: '',
  } as const
  const place = { limit: pageSize, offset: (pageNo - 1) * pageSize }
  const page = await numberedPage(reader, { kind: 'key', key: keyTag }, { ...filters, ...place })
  if (page === null) return missingKey(reader, keyTag)
  return {
    code: 'SUCCESS',
    data: {
      activityLogList: page.records.map((record) => activityJson(keyTag, record)),
      pageSize,
      currentPageNo: pageNo,
      totalPageNo: Math.ceil(page.total / pageSize),
      totalCount: page.total,
    },
  }
}

/** NAVER's gateway reads `keyword=` as no keyword, and so on. */
async function dropEmptyParameters(request: FastifyRequest): Promise<void> {
  const query = request.query as Record<string, unknown>
  for (const [name, value] of Object.entries(query)) {
    if (value === '') delete query[name]
  }
}

/** NAVER's wrapper of an answer that succeeded. */
function success<Data extends TSchema>(data: Data) {
  return Type.Object({ code: Type.String(), data })
}
