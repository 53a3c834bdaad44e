import type { Logger } from '../log.ts'
import type { Recorder } from './recorder.ts'

const CHECK_INTERVAL_MS = 1000
/** How often a clock that is held is told of again, in checks: an hour. */
const REPEAT_CHECKS = 3600

/** Logs that the clock is held, at once and every hour, and that it no longer is; returns what ends that. */
export function watchClock(
  recorder: Pick<Recorder, 'clockAheadMs'>,
  log: Pick<Logger, 'info' | 'error'>,
): () => Promise<void> {
  let checks = 0
  const check = (): void => {
    const aheadMs = recorder.clockAheadMs
    if (aheadMs === 0) {
      if (checks > 0) log.info({}, 'the clock is believed again')
      checks = 0
    } else if (checks++ % REPEAT_CHECKS === 0) {
      log.error({ code: 'CLOCK_HELD', aheadSeconds: aheadMs / 1000 }, HELD)
    }
  }
  check()
  const timer = setInterval(check, CHECK_INTERVAL_MS)
  timer.unref()
  return async () => clearInterval(timer)
}

const HELD =
  'the clock has jumped ahead: nothing is evicted by age, destroyed as scheduled or forgotten by it. Put the clock ' +
  'right, or say that it is: keytrail clock accept. After three days it is believed'
