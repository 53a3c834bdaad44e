import type { Config } from './config/config.ts'
import type { LimitHits } from './limit-hits.ts'
import { Listener } from './listener/listener.ts'
import type { Logger, RateLimitedLogger } from './log.ts'
import type { ProxyContext } from './proxy/context.ts'
import { Exchange } from './proxy/exchange.ts'
import { Tunnels } from './proxy/tunnel.ts'
import { Upstream } from './proxy/upstream.ts'

interface Reports {
  readonly log: Logger
  /** For what clients and the key API can cause again and again. */
  readonly limited: RateLimitedLogger
  readonly hits: LimitHits
}

/** The upstream as configured; what befalls it is logged. Throws `TLS_INVALID`. */
export function createUpstream({ upstream }: Config, { log, limited }: Reports): Upstream {
  const { url, connections, waiting, timeouts, host, tls } = upstream
  const { connect: connectTimeoutMs, response: responseTimeoutMs } = timeouts
  return new Upstream(
    { url, connections, waiting, host, connectTimeoutMs, responseTimeoutMs, tls },
    {
      unreachable(error) {
        const reason = 'code' in error ? String(error.code) : 'unknown'
        limited.warn('UPSTREAM_UNREACHABLE', { reason }, `no connection to ${url}: ${error.message}`)
      },
      reloaded: () => log.info({}, 'upstream: new certificates are in use'),
      failed: (error) =>
        log.error({ code: error.code }, `upstream: new certificates were not taken: ${error.message}`),
    },
  )
}

/** The tunnels to the upstream as configured. */
export function createTunnels({ upstream, limits }: Config): Tunnels {
  const { url, timeouts, host, tls } = upstream
  return new Tunnels({
    ...{ url, host, tls, most: limits.tunnels, idleTimeoutMs: limits.tunnelIdleTimeout },
    answerTimeoutMs: timeouts.connect + timeouts.response,
  })
}

/** A listener as configured, whose requests become exchanges. Throws `TLS_INVALID`. */
export function createListener(
  entry: Config['listeners'][number],
  { limits }: Config,
  context: ProxyContext,
  { log, limited, hits }: Reports,
): Listener {
  const { name, bind, channel, tls, proxyProtocol } = entry
  return new Listener(
    { name, bind, channel, limits, tls, proxyProtocol },
    {
      onRequest(request, response, peer, expectsContinue) {
        new Exchange(context, request, response, { channel, peer, expectsContinue }).run()
      },
      onMalformed(peer, { status, reason }, answer) {
        context.recordMalformed({ channel, peer: peer.client, status, reason }, answer)
      },
    },
    {
      onLimit: (limit) => hits.hit(limit),
      onRefused(cause, address, why) {
        limited.warn(
          'CONNECTION_REFUSED',
          { listener: name, cause, address, why },
          `listener ${name}: a connection was ended before it could carry a request`,
        )
      },
      onTlsReloaded: () => log.info({ listener: name }, `listener ${name}: new certificates are in use`),
      onTlsReloadFailed: (error) =>
        log.error(
          { code: error.code, listener: name },
          `listener ${name}: new certificates were not taken: ${error.message}`,
        ),
    },
  )
}

/** Lets what is under way finish for `graceMs` in all, then gives it up: what nobody saw the end of is `unknown`. */
export async function drain(
  listeners: readonly Listener[],
  upstream: Upstream,
  graceMs: number,
): Promise<void> {
  const deadline = performance.now() + graceMs
  await Promise.all(listeners.map((listener) => listener.close(graceMs)))
  await upstream.close(Math.max(0, deadline - performance.now()))
}
