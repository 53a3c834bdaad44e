import { constants } from 'node:os'

/** A Ctrl-C under npm arrives twice, from the terminal and from npm; what comes so soon, in ms, is the same one. */
const SAME_MS = 300

/**
 * Aborts at the first of `signals`, its name the reason. A second one ends the process at once, as if it had
 * killed it (128 and its number).
 */
export function stopSignal(signals: readonly NodeJS.Signals[]): AbortSignal {
  const stopping = new AbortController()
  let first = 0
  const onSignal = (name: NodeJS.Signals): void => {
    if (!stopping.signal.aborted) {
      first = performance.now()
      stopping.abort(name)
    } else if (performance.now() - first > SAME_MS) {
      process.exit(128 + constants.signals[name])
    }
  }
  for (const name of signals) process.on(name, onSignal)
  return stopping.signal
}

/** Resolves once `signal` is aborted. */
export function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((done) => {
    if (signal.aborted) done()
    else signal.addEventListener('abort', () => done(), { once: true })
  })
}
