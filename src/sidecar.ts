import { type ClockOffset, movedClock } from './clock.ts'
import type { Config } from './config/config.ts'
import { createListener, createTunnels, createUpstream, drain } from './data-plane.ts'
import type { Dialect } from './dialect/dialect.ts'
import { loadDialect } from './dialect/load.ts'
import type { KeytrailError } from './errors.ts'
import { History } from './history/history.ts'
import { LimitHits } from './limit-hits.ts'
import { createChannelRules } from './listener/channel.ts'
import { createClientAddress } from './listener/client-address.ts'
import { parserWeakness } from './listener/parser-version.ts'
import { createLogger, type Logger, rateLimited } from './log.ts'
import { createMetrics, type Metrics, ProxyCounters } from './metrics.ts'
import { Acl } from './proxy/acl.ts'
import { createAnnounce } from './proxy/announce.ts'
import { ProxyContext } from './proxy/context.ts'
import { probeUpstream } from './proxy/upstream-probe.ts'
import { readings } from './readings.ts'
import { watchClock } from './recorder/clock-watch.ts'
import { Issuers } from './recorder/issuers.ts'
import { KeyNames } from './recorder/key-names.ts'
import { Recorder } from './recorder/recorder.ts'
import { reloadConfig } from './reload.ts'
import { compactStore, endCompactionRequest, isCompactionRequested } from './store/compact.ts'
import { type Environment, openEnvironment } from './store/environment.ts'
import { lockDirectory } from './store/lock.ts'

export interface SidecarOptions {
  readonly version: string
  /** Where dialects are looked up by name. */
  readonly dialectsDir: string
  /** Where the built console lies; null or missing for none. */
  readonly consoleDir?: string | null
  /** Moves every clock but the system's, in ms (tests). */
  readonly clockOffsetMs?: ClockOffset
}

/** A running keytrail. */
export interface Sidecar {
  /** URL of each listener, by its name. */
  readonly listeners: Readonly<Record<string, string>>
  readonly historyUrl: string
  /**
   * Reads the certificates again, and with `read` the configuration, of which the access rules take effect. What
   * comes of it is logged; what is of no use changes nothing.
   */
  reload(read: () => Config): void
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
  warnOfAllowed(config, log)
  const weakness = parserWeakness(process.versions['llhttp'] ?? '')
  if (weakness !== null) log.warn({ llhttp: process.versions['llhttp'] }, weakness)
  const dialect = loadDialect(config.dialect, options.dialectsDir)
  const hits = new LimitHits()
  const recorder = await openRecorder(config, options, { log, hits })
  stops.push(() => recorder.close())
  stops.push(watchClock(recorder, log))
  const environment = openEnvironment({ ...config.store, access: 'read' })
  stops.push(() => environment.close())
  const clock = clockOf(options)
  const limited = rateLimited(log, LOG_INTERVAL_MS, clock)
  const reports = { log, limited, hits }
  const upstream = createUpstream(config, reports)
  stops.push(() => upstream.close())
  const tunnels = createTunnels(config)
  const counters = new ProxyCounters()
  const acl = new Acl(config.acl)
  const context = new ProxyContext({
    dialect,
    recorder,
    issuers: createIssuers(recorder, environment, () => clock() - recorder.clockAheadMs),
    keyNames: createKeyNames(dialect, recorder, environment, () => clock() - recorder.clockAheadMs),
    upstream,
    tunnels,
    acl,
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
    hits,
    log: limited,
    onStoreFailure: config.onStoreFailure,
    unrecorded: (record, reason) =>
      log.error(
        { code: 'UNRECORDED', reason, record },
        'allowed unrecorded: this line may be its only record',
      ),
    clock,
  })
  const listeners = config.listeners.map((entry) => createListener(entry, config, context, reports))
  const metrics = createMetrics(
    counters,
    options.version,
    readings({ recorder, proxied: counters, listeners, upstream, hits, log }),
  )
  let stopping = false
  const history = await startHistory(config, options, {
    ...{ recorder, metrics, hits, log },
    stopping: () => stopping,
  })
  stops.push(() => history.close())
  stops.push(async () => tunnels.close())
  stops.push(() => drain(listeners, upstream, config.shutdown.grace))
  const urls: Record<string, string> = {}
  for (const listener of listeners) urls[listener.name] = await listener.listen()
  log.info({ listeners: urls, history: history.url, upstream: config.upstream.url }, 'keytrail is running')
  let current = config
  return {
    listeners: urls,
    historyUrl: history.url,
    reload(read) {
      for (const listener of listeners) listener.reloadTls()
      upstream.reloadTls()
      history.reloadTls()
      current = reloadConfig(current, read, { log, use: (fresh) => acl.replace(fresh.acl) })
    },
    close() {
      stopping = true
      return stop()
    },
  }
}

function warnOfAllowed({ onStoreFailure }: Config, log: Logger): void {
  const allowed = Object.entries(onStoreFailure).flatMap(([name, what]) => (what === 'allow' ? [name] : []))
  if (allowed.length > 0)
    log.warn(
      { code: 'UNRECORDED_ALLOWED', onStoreFailure },
      `while the store can’t take records, ${allowed.join(', ')} goes on UNRECORDED (onStoreFailure)`,
    )
}

function clockOf({ clockOffsetMs = 0 }: SidecarOptions): () => number {
  return movedClock(clockOffsetMs)
}

function retentionOf({ retention: { records, days, tombstoneDays } }: Config) {
  return { records, ageMs: days * DAY_MS, tombstoneMs: tombstoneDays * DAY_MS }
}

/** Before anything is open on the store. What keeps it from being done is told, and the old file stays. */
async function compactIfRequested({ store: { path, mapSize } }: Config, log: Logger): Promise<void> {
  if (!isCompactionRequested(path)) return
  const lock = await lockDirectory(path)
  try {
    log.info(await compactStore(path, mapSize), 'the store was compacted, as was asked for')
    endCompactionRequest(path)
  } catch (error) {
    const { code, message } = error as KeytrailError
    log.error({ code }, `the store could not be compacted: ${message}`)
  } finally {
    await lock.release()
  }
}

async function openRecorder(
  config: Config,
  options: SidecarOptions,
  { log, hits }: { readonly log: Logger; readonly hits: LimitHits },
): Promise<Recorder> {
  await compactIfRequested(config, log)
  const { clockOffsetMs = 0 } = options
  const limited = rateLimited(log, LOG_INTERVAL_MS, clockOf(options))
  const recorder = await Recorder.open({
    ...config.store,
    durability: config.durability,
    queueBytes: config.journal.queue,
    segmentBytes: config.journal.segmentSize,
    maxSegments: config.journal.maxSegments,
    deadlineMs: config.journal.deadline,
    retention: retentionOf(config),
    maxRings: config.limits.rings,
    hits: hits.shared,
    clockOffsetMs,
    onHealth(part, failure) {
      if (failure === null) log.info({ part }, `the ${part} can be written again`)
      else limited.error(failure.code, { part, reason: failure.reason }, failure.message)
    },
  })
  const { replayed, unknown, gap } = recorder.store.recovery
  if (replayed + unknown > 0)
    log.warn({ replayed, unknown }, 'the last run did not end cleanly; its journal was replayed')
  if (gap !== null)
    log.warn(
      { from: new Date(gap.from).toISOString(), to: new Date(gap.to).toISOString() },
      'the last run did not end cleanly: by its durability, records of this time may be lost (coverage.gaps)',
    )
  return recorder
}

function createIssuers(recorder: Recorder, { credentials }: Environment, clock: () => number): Issuers {
  return new Issuers({ key: recorder.store.credentialKey, credentials, clock })
}

function createKeyNames(
  { splitFullName: split }: Dialect,
  recorder: Recorder,
  { credentials }: Environment,
  clock: () => number,
): KeyNames | null {
  if (split === null) return null
  const key = recorder.store.credentialKey
  return new KeyNames({ split, key, credentials, keep: (credential) => recorder.learn(credential), clock })
}

interface HistoryParts {
  readonly recorder: Recorder
  readonly metrics: Metrics
  readonly hits: LimitHits
  readonly log: Logger
  readonly stopping: () => boolean
}

async function startHistory(
  config: Config,
  { version, consoleDir = null, clockOffsetMs = 0 }: SidecarOptions,
  { recorder, metrics, hits, log, stopping }: HistoryParts,
): Promise<History> {
  const { bind, auth, hostNames, reverseDns, tls, limits } = config.history
  return History.start(
    {
      ...config.store,
      queue: recorder.shared,
      retention: retentionOf(config),
      auth,
      bind,
      tls,
      hits: hits.shared,
      limits: {
        requestsPerMinute: limits.requestsPerMinute,
        headerBytes: limits.header,
        connections: limits.connections,
        requestTimeoutMs: limits.requestTimeout,
        liveStreams: limits.liveStreams,
      },
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
        if (stopping()) return { ready: false, reasons: ['keytrail is stopping'] }
        const unreachable = await probeUpstream(config.upstream.url)
        const reasons = [...recorder.problems, ...(unreachable === null ? [] : [unreachable])]
        return { ready: reasons.length === 0, reasons }
      },
    },
    (error, restartMs) =>
      log.error(
        { code: 'INTERNAL', err: error },
        `the history’s thread ended; starts anew in ${restartMs} ms`,
      ),
  )
}
