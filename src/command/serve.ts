import { writeSync } from 'node:fs'
import { loadConfig } from '../config/load.ts'
import { createLogger, type Logger } from '../log.ts'
import { startSidecar } from '../sidecar.ts'
import type { CommandContext } from './command-context.ts'
import { ExitCode } from './exit-code.ts'
import { CONSOLE_DIR, DIALECTS_DIR, packageVersion } from './installation.ts'
import { aborted, stopSignal } from './stop-signal.ts'

/**
 * `keytrail serve`: runs until SIGTERM or SIGINT, then stops cleanly; SIGHUP has it read certificates and access
 * rules again. Fails with what {@link startSidecar}
 * reports of the configuration, the dialect, the store or an address.
 */
export async function serve({ env }: CommandContext, file: string): Promise<number> {
  const config = loadConfig({ file, env })
  const log = createLogger({ level: config.log.level, destination: { write: writeLogLine } })
  process.on('uncaughtException', (error) => die(log, error))
  const stop = stopSignal(['SIGTERM', 'SIGINT'])
  // From the first moment: by default this signal ends a process.
  let reload = (): void => undefined
  process.on('SIGHUP', () => reload())
  const sidecar = await startSidecar(config, {
    version: packageVersion(),
    dialectsDir: DIALECTS_DIR,
    consoleDir: CONSOLE_DIR,
  })
  reload = () => sidecar.reload(() => loadConfig({ file, env }))
  await aborted(stop)
  log.info({ signal: stop.reason }, 'keytrail is stopping')
  await sidecar.close()
  log.info({}, 'keytrail has stopped')
  return ExitCode.ok
}

/** Nobody knows what state this leaves; the journal has what a new start needs. Rejections nobody handles come here too. */
function die(log: Logger, error: unknown): never {
  log.fatal({ code: 'INTERNAL', err: error }, 'keytrail ends: an error that nobody expected')
  process.exit(ExitCode.internal)
}

/** At once, so that the last line is not lost; a reader that is gone or too slow loses it, and nothing else does. */
function writeLogLine(line: string): void {
  try {
    writeSync(process.stdout.fd, line)
  } catch {
    return
  }
}
