import type { RequestListener } from 'node:http'
import helmet from '@fastify/helmet'
import rateLimit from '@fastify/rate-limit'
import swagger from '@fastify/swagger'
import { type FastifyInstance, fastify } from 'fastify'
import { KeytrailError } from '../errors.ts'
import type { Limit } from '../limit-hits.ts'
import { type Bind, isLoopback } from '../listener/bind.ts'
import type { TlsMaterial } from '../listener/tls-files.ts'
import { consoleRoutes } from './console-routes.ts'
import { createCursors } from './cursor.ts'
import { answerClientError, answerFrameworkError, errorFacts, sendProblem } from './error-answer.ts'
import { FailureCounts } from './failure-counts.ts'
import { guard } from './guard.ts'
import { healthRoutes } from './health-routes.ts'
import { histogramRoutes } from './histogram-routes.ts'
import { historyRoutes } from './history-routes.ts'
import { HostNames } from './host-names.ts'
import { KeyIndex } from './key-index.ts'
import { keysRoutes } from './keys-routes.ts'
import { listenError, urlOf } from './listen.ts'
import { liveRoutes } from './live-routes.ts'
import { LiveStreams } from './live-streams.ts'
import { naverRoutes } from './naver-routes.ts'
import { openApi } from './open-api.ts'
import {
  DEFAULT_HISTORY_LIMITS,
  type HistoryContext,
  type HistoryLimits,
  type HistoryOptions,
} from './options.ts'
import { HistoryProblem } from './problem.ts'
import { formats, queryProblem, readIntegers } from './query-parameters.ts'
import { logRequests } from './request-log.ts'
import { createSecureServer, type HistoryTls, useCertificates } from './secure-server.ts'
import { tombstoneRoutes } from './tombstone-routes.ts'

/** How long a request under way may take after {@link HistoryServer.close}, in ms. */
const CLOSE_GRACE_MS = 2000

/** No body is read at all: enough for what a client sends unasked. */
const BODY_BYTES = 1024

export interface HistoryServer {
  /**
   * Starts to listen; port 0 takes a free one. Rejects with `CONFIG_INVALID` (no authentication beyond
   * loopback), `ADDRESS_IN_USE` or `ADDRESS_UNAVAILABLE`.
   */
  listen(bind: Bind): Promise<{ url: string }>
  /** The certificates of connections to come. */
  useCertificates(material: TlsMaterial): void
  /** Lets requests under way finish, for two seconds at most. */
  close(): Promise<void>
}

/** The history API over one store. Throws `CONFIG_INVALID` for tokens, key set or cursor key it can't use. */
export async function createHistoryServer(options: HistoryOptions): Promise<HistoryServer> {
  const limits = { ...DEFAULT_HISTORY_LIMITS, ...options.limits }
  const context = createContext(options, limits)
  const app = createApp(context)
  await addPlugins(app, context)
  addRoutes(app, context)
  return {
    async listen(bind) {
      refuseOpenBind(options, bind)
      try {
        await app.listen({ host: bind.host, port: bind.port })
      } catch (error) {
        throw listenError(bind, error)
      }
      return { url: urlOf(app.server, options.tls ? 'https' : 'http') }
    },
    useCertificates(material) {
      if (options.tls) useCertificates(app.server, options.tls.settings, material)
    },
    async close() {
      context.live.close()
      context.keyIndex.close()
      const force = setTimeout(() => app.server.closeAllConnections(), CLOSE_GRACE_MS)
      await app.close()
      clearTimeout(force)
    },
  }
}

function createContext(options: HistoryOptions, limits: HistoryLimits): HistoryContext {
  const { reader, clock, hostNames = {}, lookup = null, applied } = options
  return {
    ...options,
    limits,
    cursors: createCursors(options.cursorKey),
    hosts: new HostNames({ names: hostNames, lookup, clock }),
    keyIndex: new KeyIndex(reader),
    failures: new FailureCounts(reader, clock),
    live: new LiveStreams({
      most: limits.liveStreams,
      applied,
      onFull: () => options.onLimit?.('history.limits.liveStreams'),
    }),
  }
}

function createApp({ limits, tls = null, onLimit }: HistoryContext): FastifyInstance {
  const app = fastify({
    logger: false,
    bodyLimit: BODY_BYTES,
    requestTimeout: limits.requestTimeoutMs,
    forceCloseConnections: 'idle',
    ...serverOf(limits, tls),
    // A target is never longer than the header, so no key id meets this bound.
    routerOptions: { maxParamLength: limits.headerBytes },
    ajv: {
      customOptions: { allErrors: true, coerceTypes: false, removeAdditional: false, verbose: true, formats },
    },
    schemaErrorFormatter: queryProblem,
    frameworkErrors: answerFrameworkError,
    clientErrorHandler(error, socket) {
      const limit = LIMIT_BY_ERROR[error.code ?? '']
      if (limit !== undefined) onLimit?.(limit)
      answerClientError(error, socket)
    },
  })
  app.server.maxConnections = limits.connections
  app.server.on('drop', () => onLimit?.('history.limits.connections'))
  app.removeAllContentTypeParsers()
  return app
}

const LIMIT_BY_ERROR: Readonly<Record<string, Limit>> = {
  HPE_HEADER_OVERFLOW: 'history.limits.header',
  ERR_HTTP_REQUEST_TIMEOUT: 'history.limits.requestTimeout',
}

function serverOf({ headerBytes, requestTimeoutMs }: HistoryLimits, tls: HistoryTls | null) {
  const http = { maxHeaderSize: headerBytes, headersTimeout: requestTimeoutMs }
  if (tls === null) return { http }
  const options = { ...http, requestTimeout: requestTimeoutMs, handshakeTimeout: requestTimeoutMs }
  return { serverFactory: (handler: RequestListener) => createSecureServer(tls, options, handler) }
}

async function addPlugins(app: FastifyInstance, context: HistoryContext): Promise<void> {
  await app.register(helmet, {
    contentSecurityPolicy: {
      useDefaults: false,
      directives: { defaultSrc: ["'none'"], frameAncestors: ["'none'"] },
    },
    // A promise for the whole host: the business of whoever runs it.
    strictTransportSecurity: false,
  })
  await app.register(rateLimit, {
    global: false,
    max: context.limits.requestsPerMinute,
    timeWindow: 60_000,
    onExceeded: () => context.onLimit?.('history.limits.requestsPerMinute'),
    errorResponseBuilder: (_request, { after }) =>
      new HistoryProblem('RATE_LIMITED', `too many requests from this address; wait ${after}`),
  })
  await app.register(swagger, openApi(context))
}

function addRoutes(app: FastifyInstance, context: HistoryContext): void {
  const settle = async (): Promise<void> => context.settle()
  app.setErrorHandler((error: Error, _request, reply) =>
    sendProblem(reply, errorFacts(error, context.logger)),
  )
  app.setNotFoundHandler((_request, reply) => {
    const missing = new HistoryProblem('NOT_FOUND', 'no such route; /openapi.json lists those there are')
    return sendProblem(reply, errorFacts(missing, context.logger))
  })
  guard(app, context)
  logRequests(app, context)
  app.addHook('preValidation', async (request) => readIntegers(request))
  healthRoutes(app, context)
  app.register((page) => consoleRoutes(page, context))
  app.register(async (native) => {
    native.addHook('preHandler', settle)
    keysRoutes(native, context)
    historyRoutes(native, context)
    histogramRoutes(native, context)
    liveRoutes(native, context)
    tombstoneRoutes(native, context)
  })
  app.register(
    async (naver) => {
      naver.addHook('preHandler', settle)
      naverRoutes(naver, context)
    },
    { prefix: '/kms/v1' },
  )
}

function refuseOpenBind({ auth }: HistoryOptions, { host }: Bind): void {
  if (auth.kind !== 'none' || isLoopback(host)) return
  throw new KeytrailError(
    'CONFIG_INVALID',
    `history.auth none: expected a loopback address to bind to, found ${host}; configure tokens`,
  )
}
