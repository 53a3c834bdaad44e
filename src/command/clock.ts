import { formatInstant } from '../history/instant.ts'
import { acceptClock } from '../store/clock-acceptance.ts'
import { clockStateOf } from '../store/clock-hold.ts'
import type { CommandContext } from './command-context.ts'
import { ExitCode } from './exit-code.ts'
import { type StoreChoice, withReadingStore } from './reading-store.ts'

/** `keytrail clock`: what the store believes of the clock; with `accept`, the operator's word that it is right. */
export function clock(context: CommandContext, options: StoreChoice, accept: boolean): Promise<number> {
  return withReadingStore(context, options, ({ environment }) => {
    const now = context.clock()
    const { believed, heldSince } = clockStateOf(environment.meta)
    if (believed !== 0) context.out(`last believed: ${formatInstant(believed)}\n`)
    context.out(`clock:         ${formatInstant(now)}\n`)
    context.out(heldSince === 0 ? 'not held\n' : `held since:    ${formatInstant(heldSince)}\n`)
    if (accept) {
      acceptClock(environment.path, now)
      context.out(
        'accepted: a running keytrail goes by it within seconds, else the next one within the hour\n',
      )
    }
    return ExitCode.ok
  })
}
