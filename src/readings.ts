import type { LimitHits } from './limit-hits.ts'
import type { FrontRefusal } from './listener/front.ts'
import type { Listener } from './listener/listener.ts'
import type { Log } from './log.ts'
import type { ProxyCounters } from './metrics.ts'
import type { Upstream } from './proxy/upstream.ts'
import type { Recorder } from './recorder/recorder.ts'
import { FAILURE_REASONS } from './recorder/store-failure.ts'

/** The parts of a sidecar that have something to tell. */
export interface Measured {
  readonly recorder: Recorder
  readonly proxied: ProxyCounters
  readonly listeners: readonly Listener[]
  readonly upstream: Upstream
  readonly hits: LimitHits
  readonly log: Log
}

/** Figures that are read when the metrics are scraped. */
export function readings({ recorder, proxied, listeners, upstream, hits, log }: Measured) {
  const { counters } = recorder
  return [
    counter('keytrail_intents_total', 'Intents journalled.', () => counters.intents),
    counter('keytrail_records_total', 'Records journalled.', () => counters.records),
    counter('keytrail_records_lost_total', 'Records lost for good (durability async).', () => counters.lost),
    counter(
      'keytrail_gaps_total',
      'Gaps this start has declared: an unclean end may have lost records that nothing counts.',
      () => (recorder.store.recovery.gap === null ? 0 : 1),
    ),
    eachCounter(
      'keytrail_store_refusals_total',
      'Requests refused, or answers withheld, because the store could not take the entry.',
      'reason',
      () => FAILURE_REASONS.map((reason) => [reason, proxied.refusals.get(reason) ?? 0] as const),
    ),
    eachCounter(
      'keytrail_unrecorded_total',
      'Answers released although their record was not durable (onStoreFailure: allow).',
      'class',
      () => proxied.unrecorded,
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
    gauge(
      'keytrail_clock_ahead_seconds',
      'By how much the clock is ahead of the time that is believed; 0 unless it is held.',
      () => recorder.clockAheadMs / 1000,
    ),
    eachCounter('keytrail_limit_hits_total', 'How often each limit was hit.', 'limit', () => hits.counts()),
    eachCounter(
      'keytrail_connections_refused_total',
      'Connections ended before they could carry a request.',
      'cause',
      () => refusedByCause(listeners),
    ),
    gauge(
      'keytrail_upstream_pending',
      'Requests sent to the key API, or waiting for a connection.',
      () => upstream.pending,
    ),
    counter('keytrail_log_lines_lost_total', 'Log lines dropped because nobody read them.', () => log.lost()),
    gauge('process_resident_memory_bytes', 'Resident memory.', () => process.memoryUsage.rss()),
    counter('process_cpu_seconds_total', 'User and system CPU time.', () => {
      const { user, system } = process.cpuUsage()
      return (user + system) / 1e6
    }),
  ] as const
}

function refusedByCause(listeners: readonly Listener[]): Map<FrontRefusal, number> {
  const sums = new Map<FrontRefusal, number>()
  for (const { refused } of listeners) {
    for (const [cause, count] of refused) sums.set(cause, (sums.get(cause) ?? 0) + count)
  }
  return sums
}

function counter(name: string, help: string, read: () => number) {
  return { name, help, kind: 'counter', read } as const
}

function eachCounter(
  name: string,
  help: string,
  label: string,
  read: () => Iterable<readonly [string, number]>,
) {
  return { name, help, kind: 'counters', label, read } as const
}

function gauge(name: string, help: string, read: () => number) {
  return { name, help, kind: 'gauge', read } as const
}
