import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Test } from 'tap'
import { Listener, type ListenerLimits, type ListenerOptions } from '../../src/listener/listener.ts'
import type { Malformation } from '../../src/listener/malformed.ts'
import { until } from '../helper/until.ts'
import { LISTENER_LIMITS } from '../proxy/running-proxy.ts'

/** A request that was handed on. */
export interface Arrived {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly expectsContinue: boolean
}

export interface RunningListener {
  readonly listener: Listener
  readonly url: string
  readonly arrived: Arrived[]
  /** Limits that were hit. */
  readonly hits: string[]
  readonly malformed: (Malformation & { readonly peer: string; say(): void })[]
}

/** A listener that keeps what arrives; what is malformed is answered at once, unless `held`. `front`: what stands before the parser. */
export async function listen(
  t: Test,
  limits: Partial<ListenerLimits> = {},
  held = false,
  front: Pick<ListenerOptions, 'tls' | 'proxyProtocol'> = {},
): Promise<RunningListener> {
  const arrived: Arrived[] = []
  const malformed: RunningListener['malformed'] = []
  const hits: string[] = []
  const listener = new Listener(
    {
      name: 'l',
      bind: { host: '127.0.0.1', port: 0 },
      channel: 'api',
      limits: { ...LISTENER_LIMITS, ...limits },
      ...front,
    },
    {
      onRequest: (request, response, _peer, expectsContinue) =>
        arrived.push({ request, response, expectsContinue }),
      onMalformed({ client }, found, answer) {
        const say = (): void =>
          answer({ status: found.status, contentType: 'text/plain', body: found.reason })
        malformed.push({ ...found, peer: client.address, say })
        if (!held) say()
      },
    },
    {
      onLimit: (limit) => hits.push(limit),
      onRefused: () => undefined,
      onTlsReloaded: () => undefined,
      onTlsReloadFailed: () => undefined,
    },
  )
  t.teardown(() => listener.close(0))
  return { listener, url: await listener.listen(), arrived, malformed, hits }
}

/** The next request that is handed on. */
export function next({ arrived }: RunningListener): Promise<Arrived> {
  return until(() => arrived.shift() ?? null)
}

/** Lets pass what is under way in the event loop. */
export async function turns(): Promise<void> {
  for (let i = 0; i < 20; i++) await new Promise((done) => setImmediate(done))
}
