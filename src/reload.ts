import type { Config } from './config/config.ts'
import { changedSettings } from './config/difference.ts'
import { KeytrailError } from './errors.ts'
import type { Logger } from './log.ts'

export interface ReloadParts {
  readonly log: Logger
  /** Takes over what can change while running. */
  use(config: Config): void
}

/** Settings that {@link ReloadParts.use} takes over. */
const LIVE = /^acl\b/

/**
 * Reads the configuration again with `read`. What can change while running is taken over; what can't is named in the
 * log. Where the new one is invalid all stays as it was, and the log has every problem. Returns what holds now.
 */
export function reloadConfig(before: Config, read: () => Config, { log, use }: ReloadParts): Config {
  let config: Config
  try {
    config = read()
  } catch (error) {
    if (!(error instanceof KeytrailError)) throw error
    log.error({ code: error.code }, `the configuration stays as it was: ${error.message}`)
    return before
  }
  const changed = changedSettings(before, config)
  const needsRestart = changed.filter((path) => !LIVE.test(path))
  use(config)
  const fields = { rules: config.acl.length, changed: changed.filter((path) => LIVE.test(path)) }
  log.info(fields, 'the configuration was read again')
  if (needsRestart.length > 0) {
    log.warn({ needsRestart }, `changed, but in effect only after a restart: ${needsRestart.join(', ')}`)
  }
  return { ...before, acl: config.acl }
}
