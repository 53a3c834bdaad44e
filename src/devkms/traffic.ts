import { setTimeout as sleep } from 'node:timers/promises'
import type { Account } from './account.ts'
import type { Expectation } from './traffic/expectation.ts'
import { manageSteps } from './traffic/manage.ts'
import { refusedSteps } from './traffic/refused.ts'
import { Sender } from './traffic/sender.ts'
import { createKeys, type KeySet, type Session, type Step } from './traffic/session.ts'
import { tokenSteps } from './traffic/token.ts'
import { useSteps } from './traffic/use.ts'

export interface TrafficOptions {
  /** Base URL of the listener that carries the channel `api`. */
  readonly apiUrl: string
  /** Base URL of the listener that carries the channel `console`. */
  readonly consoleUrl: string
  /** At least one; they take turns. */
  readonly accounts: readonly Account[]
  /** Unix ms. */
  readonly clock: () => number
  /** Requests per second at most; the first few, which create the keys, go as fast as they can. */
  readonly ratePerSecond: number
  /** A token of the key that was issued to the account and has expired. */
  readonly expiredToken: (keyTag: string, accountId: string) => Promise<string>
}

/** A steady trickle of varied, correctly signed requests, some of which are bound to be refused. */
export interface Traffic {
  start(): void
  /** Ends after the step under way; nothing is in flight afterwards. */
  stop(): Promise<void>
  /** Goes once through every step, at full speed; for tests, instead of {@link start}. */
  runOnce(): Promise<void>
  /** What the history must show, in the order of sending; the newest 100,000. */
  readonly sent: readonly Expectation[]
  /** The first 2,000 plaintexts, ciphertexts, tokens and signatures that went over the wire. */
  readonly secrets: readonly string[]
}

/** Kinds of steps alternate, so that a few seconds already show something of everything. */
const steps: readonly Step[] = interleave([useSteps, refusedSteps, manageSteps, tokenSteps])

/** How long to wait before keys are asked for again when the API could not create them. */
const retryMs = 500

export function createTraffic(options: TrafficOptions): Traffic {
  const stopping = new AbortController()
  const pacer = createPacer(options.ratePerSecond, stopping.signal)
  const sender = new Sender({
    urls: { api: options.apiUrl, console: options.consoleUrl },
    clock: options.clock,
    pace: pacer.pace,
  })
  const prepare = createPreparation(options, sender)
  let running: Promise<void> = Promise.resolve()

  async function run(): Promise<void> {
    for (let turn = 0; !stopping.signal.aborted; ) {
      const session = await prepare()
      if (session === null) {
        await pause(retryMs, stopping.signal)
        continue
      }
      pacer.engage()
      await steps[turn % steps.length]?.(session)
      turn += 1
    }
  }

  return {
    sent: sender.sent,
    secrets: sender.secrets,
    start() {
      running = run()
    },
    async stop() {
      stopping.abort()
      await running
      sender.close()
    },
    async runOnce() {
      const session = await prepare()
      if (session === null) return
      for (const step of steps) await step(session)
    },
  }
}

/** Gives the session, with its keys created at the first call that can; null where they could not be. */
function createPreparation(options: TrafficOptions, sender: Sender): () => Promise<Session | null> {
  const { accounts, expiredToken } = options
  let turn = 0
  let session: Session | null = null
  function nextAccount(): Account {
    const account = accounts[turn % accounts.length]
    if (account === undefined) throw new RangeError('expected at least one account')
    turn += 1
    return account
  }
  return async () => {
    if (session !== null) return session
    const keys: KeySet | null = await createKeys({ sender, nextAccount, expiredToken })
    if (keys !== null) session = { sender, keys, nextAccount, expiredToken }
    return session
  }
}

/** Spaces requests evenly once it is engaged, and no longer when `signal` says to stop. */
function createPacer(ratePerSecond: number, signal: AbortSignal): { pace(): Promise<void>; engage(): void } {
  const gapMs = 1000 / ratePerSecond
  let engaged = false
  let next = 0
  return {
    async pace() {
      if (!engaged) return
      const now = performance.now()
      next = Math.max(next + gapMs, now)
      await pause(next - now, signal)
    },
    engage() {
      engaged = true
    },
  }
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  // Rejects only when it is aborted, and then the wait is over too.
  await sleep(ms, undefined, { signal }).catch(() => {})
}

function interleave(lists: readonly (readonly Step[])[]): readonly Step[] {
  const longest = Math.max(...lists.map((list) => list.length))
  return Array.from({ length: longest }, (_, index) => lists.map((list) => list[index]))
    .flat()
    .filter((step) => step !== undefined)
}
