import { isIP } from 'node:net'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { KeytrailError } from '../errors.ts'
import { MAX_KEY_BYTES } from '../store/layout.ts'
import type { Access, Right } from './access.ts'
import { createAuthenticate } from './auth.ts'
import type { HistoryContext } from './options.ts'
import { HistoryProblem } from './problem.ts'
import { subjectOf } from './secure-server.ts'

/**
 * What a route asks of its caller. `open`: nothing; `page`: a rate and a host that are allowed; `known`: to be
 * somebody; `read`: that right (which keys is
 * the route's business); `read-all`: that right on every key. A route that says nothing asks for `known`.
 */
type Requirement = 'open' | 'page' | 'known' | 'read' | 'read-all'

declare module 'fastify' {
  interface FastifyContextConfig {
    requires?: Requirement
  }
  interface FastifyRequest {
    access: Access | null
  }
}

/** Checks every request before anything else looks at it: rate, host, who, rights, method. */
export function guard(app: FastifyInstance, context: HistoryContext): void {
  const authenticate = createAuthenticate(context.auth, context.clock)
  const limitRate = app.rateLimit()
  app.decorateRequest('access', null)
  app.addHook('onRequest', async (request: FastifyRequest, reply: FastifyReply) => {
    reply.header('cache-control', 'no-store')
    const requirement = request.routeOptions.config.requires ?? 'known'
    // Probes share an address with whoever could exhaust it.
    if (requirement !== 'open') {
      await limitRate.call(app, request, reply)
      if (context.auth.kind === 'none') refuseForeignHost(request)
      if (requirement !== 'page') {
        request.access = await authenticate(request.headers.authorization, subjectOf(request))
        checkRights(request.access, requirement)
      }
    }
    checkMethod(request)
  })
}

/** The access of a request that passed the guard. */
export function accessOf(request: FastifyRequest): Access {
  if (request.access === null) throw new KeytrailError('INTERNAL', 'a route without a guard was called')
  return request.access
}

/**
 * Throws `KEY_UNKNOWN` for a key out of the caller's reach, before the store is asked: neither the answer nor
 * its time tells whether the key exists. Nor is the store asked for an id too long to have a ring.
 */
export function requireKey(request: FastifyRequest, key: string): void {
  if (!accessOf(request).reaches(key) || Buffer.byteLength(key) > MAX_KEY_BYTES) throw unknownKey()
}

export function unknownKey(): HistoryProblem {
  return new HistoryProblem('KEY_UNKNOWN', 'no history is kept for a key of this id, or not for you to see')
}

function checkRights(access: Access, requirement: Requirement): void {
  const needed: Right = 'read'
  if (requirement !== 'known' && !access.rights.includes(needed)) {
    throw forbidden(`expected the right ${needed}, the token has ${access.rights.join(', ') || 'none'}`)
  }
  if (requirement === 'read-all' && !access.reachesAll) {
    throw forbidden('expected a token for all keys (*), the token is limited to some')
  }
}

/** RFC 6750 3.1 */
function forbidden(detail: string): HistoryProblem {
  const headers = { 'www-authenticate': 'Bearer realm="keytrail", error="insufficient_scope", scope="read"' }
  return new HistoryProblem('FORBIDDEN', detail, { headers })
}

/**
 * Without authentication, loopback is all that protects the history, and a web page whose name resolves to
 * 127.0.0.1 (DNS rebinding) would reach it through its visitor's browser; its Host gives it away.
 */
function refuseForeignHost(request: FastifyRequest): void {
  const host = (request.headers.host ?? 'localhost').toLowerCase()
  const name = host.startsWith('[') ? host.slice(1, host.indexOf(']')) : (host.split(':')[0] ?? '')
  if (isIP(name) !== 0 || name === 'localhost' || name.endsWith('.localhost')) return
  const detail = 'without authentication, expected localhost or an address as Host; configure history.auth'
  throw new HistoryProblem('FORBIDDEN', detail)
}

/** Before any body is looked at. */
function checkMethod(request: FastifyRequest): void {
  if (!request.is404 || request.method === 'GET' || request.method === 'HEAD') return
  throw new HistoryProblem('METHOD_NOT_ALLOWED', 'expected GET or HEAD: histories are read-only', {
    headers: { allow: 'GET, HEAD' },
  })
}
