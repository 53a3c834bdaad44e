import { connect } from 'node:net'
import type { Test } from 'tap'
import type { FrontRefusal, Peer } from '../../src/listener/front.ts'
import { Listener, type ListenerLimits, type ListenerOptions } from '../../src/listener/listener.ts'
import { exchangeOn } from '../helper/tls-client.ts'
import { LISTENER_LIMITS } from '../proxy/running-proxy.ts'

/** Ends its connection. */
export const GET = 'GET /target HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n'
/** What a load balancer says before it. */
export const FROM = 'PROXY TCP4 203.0.113.7 127.0.0.1 5 6\r\n'

export interface Running {
  readonly listener: Listener
  readonly url: string
  /** What requests came, from whom. */
  readonly seen: { readonly target: string; readonly peer: Peer }[]
  readonly malformed: string[]
  readonly refused: { readonly refusal: FrontRefusal; readonly address: string; readonly why: string }[]
  readonly hits: string[]
}

/** A listener that answers every request with 200. */
export async function listen(
  t: Test,
  options: Pick<ListenerOptions, 'tls' | 'proxyProtocol'>,
  limits: Partial<ListenerLimits> = {},
): Promise<Running> {
  const running = { seen: [], malformed: [], refused: [], hits: [] } as Omit<Running, 'listener' | 'url'>
  const listener = new Listener(
    {
      ...{ name: 'l', bind: { host: '127.0.0.1', port: 0 }, channel: 'api' },
      ...{ limits: { ...LISTENER_LIMITS, ...limits } },
      ...options,
    },
    {
      onRequest(request, response, peer) {
        running.seen.push({ target: request.url ?? '', peer })
        response.end('done')
      },
      onMalformed({ client }, { status, reason }, answer) {
        running.malformed.push(`${client.address} ${reason}`)
        answer({ status, contentType: 'text/plain', body: reason })
      },
    },
    {
      onLimit: (limit) => running.hits.push(limit),
      onRefused: (refusal, address, why) => running.refused.push({ refusal, address, why }),
      onTlsReloaded: () => undefined,
      onTlsReloadFailed: () => undefined,
    },
  )
  t.teardown(() => listener.close(0))
  return { ...running, listener, url: await listener.listen() }
}

/** What comes back for `bytes` on a connection of their own. */
export function send(url: string, bytes: string | Buffer): Promise<string> {
  const { hostname, port } = new URL(url)
  return exchangeOn(connect(Number(port), hostname), bytes)
}
