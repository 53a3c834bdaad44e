import type { Test } from 'tap'
import { loadDialect } from '../../src/dialect/load.ts'
import { LimitHits } from '../../src/limit-hits.ts'
import { createChannelRules } from '../../src/listener/channel.ts'
import { createClientAddress } from '../../src/listener/client-address.ts'
import { Listener, type ListenerLimits } from '../../src/listener/listener.ts'
import { ProxyCounters } from '../../src/metrics.ts'
import { Acl, type AclRule } from '../../src/proxy/acl.ts'
import { type AnnouncedHeader, createAnnounce } from '../../src/proxy/announce.ts'
import { type ContextOptions, ProxyContext, type ProxyLimits } from '../../src/proxy/context.ts'
import { Exchange } from '../../src/proxy/exchange.ts'
import { type TunnelOptions, Tunnels } from '../../src/proxy/tunnel.ts'
import { Upstream, type UpstreamOptions } from '../../src/proxy/upstream.ts'
import { NO_UPSTREAM_TLS } from '../../src/proxy/upstream-tls.ts'
import type { AuditRecord, Channel } from '../../src/record.ts'
import { FakeRecorder } from './fake-recorder.ts'

const DIALECTS = new URL('../../config/dialects', import.meta.url).pathname

export const LISTENER_LIMITS: ListenerLimits = {
  header: 16_384,
  connections: 1000,
  pipelined: 256,
  headersTimeout: 10_000,
  requestTimeout: 60_000,
  idleTimeout: 60_000,
  handshakeTimeout: 10_000,
}

const PROXY_LIMITS: ProxyLimits = {
  target: 8192,
  keyId: 512,
  body: { held: 65_536, most: 33_554_432 },
  heldResponse: 1_048_576,
}

export interface ProxyOptions {
  readonly onStoreFailure?: Partial<ContextOptions['onStoreFailure']>
  readonly upstream?: Partial<UpstreamOptions>
  readonly listener?: Partial<ListenerLimits>
  readonly limits?: Partial<ProxyLimits>
  readonly tunnels?: Partial<TunnelOptions>
  readonly acl?: readonly AclRule[]
  readonly announce?: readonly AnnouncedHeader[]
  readonly channel?: Channel
  /** A dialect in another directory than the project's. */
  readonly dialect?: string
}

/** The proxy of a sidecar, all but its store, in this process. */
export interface RunningProxy {
  readonly url: string
  readonly recorder: FakeRecorder
  readonly counters: ProxyCounters
  readonly listener: Listener
  /** Codes of what was withheld. */
  readonly withheld: string[]
  /** Records of what was allowed although it could not be recorded. */
  readonly unrecorded: { readonly record: AuditRecord; readonly reason: string }[]
}

/** Starts one listener before `url`; it is closed, and all connections are cut, when the test ends. */
export async function runProxy(t: Test, url: string, options: ProxyOptions = {}): Promise<RunningProxy> {
  const recorder = new FakeRecorder()
  const counters = new ProxyCounters()
  const withheld: string[] = []
  const unrecorded: RunningProxy['unrecorded'] = []
  const upstream = new Upstream({
    ...{ url, connections: 8, connectTimeoutMs: 3000, responseTimeoutMs: 30_000, host: 'keep' },
    ...options.upstream,
  })
  const tunnels = new Tunnels({
    ...{ url, host: 'keep', tls: NO_UPSTREAM_TLS, answerTimeoutMs: 30_000, idleTimeoutMs: 60_000, most: 2 },
    ...options.tunnels,
  })
  const context = new ProxyContext({
    dialect: loadDialect(options.dialect ?? 'naver-kms', DIALECTS),
    recorder,
    issuers: {
      requester: (_token, claimed) => claimed,
      learn: (_token, _lifetime, issuer, key) => ({ hash: Buffer.alloc(32), expires: 0, issuer, key }),
      forget: () => undefined,
    },
    keyNames: null,
    upstream,
    tunnels,
    acl: new Acl(options.acl ?? []),
    announce: createAnnounce(options.announce ?? []),
    clientAddress: createClientAddress({ trustedProxies: [] }),
    chooseChannel: createChannelRules([]),
    requesters: {},
    hits: new LimitHits(),
    limits: { ...PROXY_LIMITS, ...options.limits },
    counters,
    log: { warn: () => undefined, error: (code) => withheld.push(code), flush: () => undefined },
    onStoreFailure: {
      use: 'refuse',
      manage: 'refuse',
      read: 'refuse',
      token: 'refuse',
      ...options.onStoreFailure,
    },
    unrecorded: (record, reason) => unrecorded.push({ record, reason }),
    clock: Date.now,
  })
  const channel = options.channel ?? 'api'
  const listener = new Listener(
    {
      name: 'test',
      bind: { host: '127.0.0.1', port: 0 },
      channel,
      limits: { ...LISTENER_LIMITS, ...options.listener },
    },
    {
      onRequest(request, response, peer, expectsContinue) {
        new Exchange(context, request, response, { channel, peer, expectsContinue }).run()
      },
      onMalformed(peer, { status, reason }, answer) {
        context.recordMalformed({ channel, peer: peer.client, status, reason }, answer)
      },
    },
  )
  t.teardown(async () => {
    await listener.close(0)
    tunnels.close()
    await upstream.close()
  })
  return { url: await listener.listen(), recorder, counters, listener, withheld, unrecorded }
}
