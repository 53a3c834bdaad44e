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

/** `keytrail verify`: looks at every page and walks every chain, or one; fails if anything is damaged. */
export function verify(context: CommandContext, options: VerifyCommandOptions): Promise<number> {
  return withReadingStore(context, options, ({ environment }) => {
    const { key, json } = options
    const found = json ? jsonLines(context) : textLines(context)
    const report = verifyStore(environment, key === undefined ? { found } : { key, found })
    context.out(json ? jsonEnd(report) : reportText(report))
    return report.ok ? ExitCode.ok : ExitCode.no
  })
}

function textLines({ out }: CommandContext): (ring: RingVerification) => void {
  return (ring) => {
    if (!ring.ok) out(`${damageLine(ring)}\n`)
  }
}

function reportText({ ok, rings, records, redacted, damagedRings, damage }: VerifyReport): string {
  const lines = damage.map((line) => `DAMAGED store: ${visible(line)}`)
  const verified = `verified ${counted(rings, 'ring')}, ${counted(records, 'record')}`
  const found = ok ? 'every chain is whole' : `${damagedRings} damaged`
  const note = redacted === 0 ? '' : `; ${grouped(redacted)} redacted, of keys destroyed since`
  return [...lines, `${verified}${note}: ${found}`, ''].join('\n')
}

function damageLine({ key, damage = '' }: RingVerification): string {
  return `DAMAGED ${key === '' ? '(unattributed)' : visible(key)}: ${visible(damage)}`
}

/** One ring a line, as they are found. */
function jsonLines({ out }: CommandContext): (ring: RingVerification) => void {
  let separator = ''
  out('{"rings":[')
  return (ring) => {
    out(`${separator}\n${visibleJson(ring)}`)
    separator = ','
  }
}

function jsonEnd({ rings: _, ...totals }: VerifyReport): string {
  return `\n],${visibleJson(totals).slice(1)}\n`
}
