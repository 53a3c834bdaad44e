import type { Config } from './config/config.ts'
import { loadDialect } from './dialect/load.ts'
import { History } from './history/history.ts'
import { createChannelRules } from './listener/channel.ts'
import { createClientAddress } from './listener/client-address.ts'
import { Listener } from './listener/listener.ts'
import { createLogger, type Log, type Logger, rateLimited } from './log.ts'
import { createMetrics, type Metrics, ProxyCounters } from './metrics.ts'
import { createAcl } from './proxy/acl.ts'
import { createAnnounce } from './proxy/announce.ts'
import { ProxyContext } from './proxy/context.ts'
import { Exchange } from './proxy/exchange.ts'
import { Upstream } from './proxy/upstream.ts'
import { probeUpstream } from './proxy/upstream-probe.ts'
import { Issuers } from './recorder/issuers.ts'
import { Recorder } from './recorder/recorder.ts'
import { type Environment, openEnvironment } from './store/environment.ts'

export interface SidecarOptions {
  readonly version: string
  /** Where dialects are looked up by name. */
  readonly dialectsDir: string
  /** Where the built console lies; null or missing for none. */
  readonly consoleDir?: string | null
  /** Moves every clock but the system's, in ms (tests). */
  readonly clockOffsetMs?: number
}

/** A running keytrail. */
export interface Sidecar {
  /** URL of each listener, by its name. */
  readonly listeners: Readonly<Record<string, string>>
  readonly historyUrl: string
  /** Stops accepting, finishes what is under way within the configured grace, writes everything. */
  close(): Promise<void>
}

const DAY_MS = 86_400_000
const LOG_INTERVAL_MS = 5000
const LOG_FLUSH_MS = 1000

/** Starts everything, in the order in which it depends on each other; what was started is stopped if one fails. */
export async function startSidecar(config: Config, options: SidecarOptions): Promise<Sidecar> {
  const stops: (() => Promise<void>)[] = []
  const stop = async (): Promise<void> => {
    for (const step of stops.splice(0).reverse()) await step()
  }
  try {
    return await start(config, options, stops, stop)
  } catch (error) {
    await stop()
    throw error
  }
}

async function start(
  config: Config,
  options: SidecarOptions,
  stops: (() => Promise<void>)[],
  stop: () => Promise<void>,
): Promise<Sidecar> {
  const log = createLogger({ level: config.log.level })
  stops.push(() => log.flush(LOG_FLUSH_MS))
  const dialect = loadDialect(config.dialect, options.dialectsDir)
  const recorder = await openRecorder(config, options, log)
  stops.push(() => recorder.close())
  const environment = openEnvironment({ ...config.store, access: 'read' })
  stops.push(() => environment.close())
  const upstream = createUpstream(config)
  stops.push(() => upstream.close())
  const counters = new ProxyCounters()
  const clock = clockOf(options)
  const context = new ProxyContext({
    dialect,
    recorder,
    issuers: createIssuers(recorder, environment, clock),
    upstream,
    acl: createAcl(config.acl),
    announce: createAnnounce(config.upstream.announce),
    clientAddress: createClientAddress(config),
    chooseChannel: createChannelRules(config.channelRules),
    requesters: config.requesters,
    limits: {
      target: config.limits.target,
      keyId: config.limits.keyId,
      body: { held: config.limits.heldBody, most: config.limits.body },
      heldResponse: config.limits.heldResponse,
    },
    counters,
    log: rateLimited(log, LOG_INTERVAL_MS, clock),
    clock,
  })
  const listeners = config.listeners.map((entry) => createListener(entry, config, context))
  const metrics = createMetrics(counters, options.version, readings(recorder, listeners, log))
  const history = await startHistory(config, options, { recorder, metrics, log })
  stops.push(() => history.close())
  const urls: Record<string, string> = {}
  for (const listener of listeners) {
    urls[listener.name] = await listener.listen()
    stops.push(() => listener.close(config.shutdown.grace))
  }
  log.info({ listeners: urls, history: history.url, upstream: config.upstream.url }, 'keytrail is running')
  return { listeners: urls, historyUrl: history.url, close: stop }
}

function clockOf({ clockOffsetMs = 0 }: SidecarOptions): () => number {
  return () => Date.now() + clockOffsetMs
}

function retentionOf({ retention: { records, days, tombstoneDays } }: Config) {
  return { records, ageMs: days * DAY_MS, tombstoneMs: tombstoneDays * DAY_MS }
}

async function openRecorder(
  config: Config,
  { clockOffsetMs = 0 }: SidecarOptions,
  log: Logger,
): Promise<Recorder> {
  const recorder = await Recorder.open({
    ...config.store,
    durability: config.durability,
    queueBytes: config.journal.queue,
    segmentBytes: config.journal.segmentSize,
    maxSegments: config.journal.maxSegments,
    deadlineMs: config.journal.deadline,
    retention: retentionOf(config),
    maxRings: config.limits.rings,
    clockOffsetMs,
    onHealth(part, failure) {
      if (failure === null) log.info({ part }, `the ${part} can be written again`)
      else log.error({ part, code: failure.code }, failure.message)
    },
  })
  const { replayed, unknown } = recorder.store.recovery
  if (replayed + unknown > 0)
    log.warn({ replayed, unknown }, 'the last run did not end cleanly; its journal was replayed')
  return recorder
}

function createIssuers(recorder: Recorder, { credentials }: Environment, clock: () => number): Issuers {
  return new Issuers({ key: recorder.store.credentialKey, credentials, clock })
}

function createUpstream({ upstream: { url, connections, timeouts, host } }: Config): Upstream {
  const { connect, response } = timeouts
  return new Upstream({ url, connections, host, connectTimeoutMs: connect, responseTimeoutMs: response })
}

function createListener(
  entry: Config['listeners'][number],
  { limits }: Config,
  context: ProxyContext,
): Listener {
  const { name, bind, channel } = entry
  return new Listener(
    { name, bind, channel, limits },
    {
      onRequest(request, response, peer, expectsContinue) {
        new Exchange(context, request, response, { channel, peer, expectsContinue }).run()
      },
      onMalformed(peer, { status, reason }, answer) {
        context.recordMalformed({ channel, peer: peer.client, status, reason }, answer)
      },
    },
  )
}

async function startHistory(
  config: Config,
  { version, consoleDir = null, clockOffsetMs = 0 }: SidecarOptions,
  { recorder, metrics, log }: { recorder: Recorder; metrics: Metrics; log: Logger },
): Promise<History> {
  const { bind, auth, hostNames, reverseDns } = config.history
  return History.start(
    {
      ...config.store,
      queue: recorder.shared,
      retention: retentionOf(config),
      auth,
      bind,
      limits: {},
      hostNames,
      reverseDns,
      consoleDir,
      logLevel: config.log.level,
      version,
      instance: Buffer.from(recorder.store.instance).toString('hex'),
      clockOffsetMs,
    },
    {
      metrics: () => metrics.text(),
      async readiness() {
        const unreachable = await probeUpstream(config.upstream.url)
        const reasons = [...recorder.problems, ...(unreachable === null ? [] : [unreachable])]
        return { ready: reasons.length === 0, reasons }
      },
    },
    () =>
      log.error({ code: 'INTERNAL' }, 'the history’s thread has ended; restart keytrail to read histories'),
  )
}

function readings(recorder: Recorder, listeners: readonly Listener[], log: Log) {
  const { counters } = recorder
  return [
    counter('keytrail_intents_total', 'Intents journalled.', () => counters.intents),
    counter('keytrail_records_total', 'Records journalled.', () => counters.records),
    counter('keytrail_records_lost_total', 'Records lost for good (durability async).', () => counters.lost),
    counter(
      'keytrail_store_refusals_total',
      'Requests refused, or answers withheld, because the store could not take the entry.',
      () => counters.unavailable,
    ),
    gauge(
      'keytrail_journal_pending_bytes',
      'Journalled bytes that are not in the rings yet.',
      () => recorder.pendingBytes,
    ),
    gauge('keytrail_journal_waiting', 'Exchanges waiting for the journal.', () => recorder.waiting),
    gauge('keytrail_store_writable', '1 while records can be taken.', () =>
      recorder.problems.length === 0 ? 1 : 0,
    ),
    counter('keytrail_connections_dropped_total', 'Connections refused by limits.connections.', () =>
      listeners.reduce((sum, { dropped }) => sum + dropped, 0),
    ),
    counter('keytrail_log_lines_lost_total', 'Log lines dropped because nobody read them.', () => log.lost()),
    gauge('process_resident_memory_bytes', 'Resident memory.', () => process.memoryUsage.rss()),
    counter('process_cpu_seconds_total', 'User and system CPU time.', () => {
      const { user, system } = process.cpuUsage()
      return (user + system) / 1e6
    }),
  ] as const
}

function counter(name: string, help: string, read: () => number) {
  return { name, help, kind: 'counter', read } as const
}

function gauge(name: string, help: string, read: () => number) {
  return { name, help, kind: 'gauge', read } as const
}
