import { type RingVerification, type VerifyReport, verifyStore } from '../store/verify.ts'
import type { CommandContext } from './command-context.ts'
import { ExitCode } from './exit-code.ts'
import { counted, grouped } from './number-text.ts'
import { type StoreChoice, withReadingStore } from './reading-store.ts'
import { visible, visibleJson } from './visible.ts'

export interface VerifyCommandOptions extends StoreChoice {
  /** Only this key's ring; all rings without it. */
  readonly key?: string
  readonly json?: boolean
}

/** `keytrail verify`: walks every chain, or one; fails if anything is damaged. */
export function verify(context: CommandContext, options: VerifyCommandOptions): Promise<number> {
  return withReadingStore(context, options, ({ environment }) => {
    const { key } = options
    const report = verifyStore(environment, key === undefined ? {} : { key })
    context.out(options.json ? `${visibleJson(report)}\n` : reportText(report))
    return report.ok ? ExitCode.ok : ExitCode.no
  })
}

function reportText({ ok, rings, records, damagedRings, damage }: VerifyReport): string {
  const lines = [
    ...rings.filter((ring) => !ring.ok).map(damageLine),
    ...damage.map((line) => `DAMAGED store: ${visible(line)}`),
  ]
  const verified = `verified ${counted(rings.length, 'ring')}, ${counted(records, 'record')}`
  const found = ok ? 'every chain is whole' : `${damagedRings} damaged`
  const redacted = rings.reduce((sum, ring) => sum + (ring.redacted ?? 0), 0)
  const note = redacted === 0 ? '' : `; ${grouped(redacted)} redacted, of keys destroyed since`
  return [...lines, `${verified}${note}: ${found}`, ''].join('\n')
}

function damageLine({ key, damage = '' }: RingVerification): string {
  return `DAMAGED ${key === '' ? '(unattributed)' : visible(key)}: ${visible(damage)}`
}
