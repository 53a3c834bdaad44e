import { setTimeout as sleep } from 'node:timers/promises'
import { compare } from '../demo/comparison.ts'
import { progressText, stageText, summaryText, tryText } from '../demo/demo-text.ts'
import { choosePorts } from '../demo/ports.ts'
import { readHistory } from '../demo/seen-history.ts'
import { buildStage, type Stage } from '../demo/stage.ts'
import { Tally } from '../demo/tally.ts'
import type { CommandContext } from './command-context.ts'
import { ExitCode } from './exit-code.ts'
import { CLI_FILE, CONSOLE_DIR, DIALECTS_DIR, packageVersion } from './installation.ts'
import { stopSignal } from './stop-signal.ts'
import { temporaryDirectory } from './temporary-directory.ts'
import { fitted } from './visible.ts'

export interface DemoOptions {
  /** How long it runs; without it until it is stopped. */
  readonly seconds?: number
  /** Requests per second. */
  readonly rate: number
  /** First of three ports, 0 for any; without it the default ones, where they are free. */
  readonly port?: number
}

/** How often the line on the traffic is renewed on a terminal, and written anew elsewhere, in ms. */
const REDRAW_MS = 200
const REPEAT_MS = 5000

/** `keytrail demo`: traffic through keytrail to a development key API, and at the end whether its history has it all. */
export async function demo(context: CommandContext, options: DemoOptions): Promise<number> {
  const { clock } = context
  const stop = stopSignal(['SIGINT', 'SIGTERM', 'SIGHUP'])
  const stage = await buildStage({
    directory: temporaryDirectory('keytrail-demo-'),
    ports: await choosePorts(options.port),
    ratePerSecond: options.rate,
    clock,
    sidecar: { version: packageVersion(), dialectsDir: DIALECTS_DIR, consoleDir: CONSOLE_DIR },
  })
  try {
    const tally = new Tally(stage.traffic.sent)
    const start = performance.now()
    const end = options.seconds === undefined ? Number.POSITIVE_INFINITY : start + options.seconds * 1000
    stage.traffic.start()
    await show(context, stage, tally, { start, end, stop })
    await stage.traffic.stop()
    const seconds = (performance.now() - start) / 1000
    tally.update()
    const compared = compare(stage.traffic.sent, await readHistory(stage.sidecar.historyUrl))
    context.out(summaryText(tally, compared, seconds))
    return compared.missing.length + compared.left.length === 0 ? ExitCode.ok : ExitCode.no
  } finally {
    await stage.close()
  }
}

/** Says what there is to see, and how it goes on, until the end; times are those of `performance.now()`. */
async function show(
  context: CommandContext,
  stage: Stage,
  tally: Tally,
  { start, end, stop }: { start: number; end: number; stop: AbortSignal },
): Promise<void> {
  const { out } = context
  const clearLine = context.columns === null ? '' : '\r\u001b[2K'
  let suggested = false
  let written = start
  out(stageText(stage, packageVersion()))
  while (!stop.aborted && performance.now() < end) {
    // Rejects only when it is aborted, and then the wait is over too.
    await sleep(Math.min(REDRAW_MS, end - performance.now()), undefined, { signal: stop }).catch(() => {})
    tally.update()
    const key = tally.busiestKey()
    if (!suggested && key !== null) {
      out(clearLine + tryText(stage, key, CLI_FILE))
      suggested = true
    }
    const now = performance.now()
    const line = progressText(tally, (now - start) / 1000)
    const { columns } = context
    if (columns !== null) {
      out(clearLine + fitted(line, columns - 1))
    } else if (now - written >= REPEAT_MS) {
      written = now
      out(`${line}\n`)
    }
  }
  out('\n')
}
