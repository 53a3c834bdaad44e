import { loadConfig } from '../config/load.ts'
import { KeytrailError } from '../errors.ts'
import type { Bind } from '../listener/bind.ts'
import type { CommandContext } from './command-context.ts'
import { ExitCode } from './exit-code.ts'
import { visible } from './visible.ts'

export interface HealthOptions {
  /** The configuration's file, for where the history API listens. */
  readonly config: string
  /** Base URL of the history API, in place of the configuration's. */
  readonly url?: string
}

/** A running keytrail asks its upstream for at most one second. */
const TIMEOUT_MS = 5000

/** `keytrail health`: whether a running keytrail can do its work, for the health check of a container. */
export async function health({ out, err, env }: CommandContext, options: HealthOptions): Promise<number> {
  const base = options.url ?? urlOf(loadConfig({ file: options.config, env }).history.bind)
  const url = new URL('/readyz', base)
  const reasons = await readiness(url)
  if (reasons === null) {
    out('ready\n')
    return ExitCode.ok
  }
  for (const reason of reasons) err(`keytrail: not ready: ${visible(reason)}\n`)
  return ExitCode.no
}

/** null if it is ready, else why not. */
async function readiness(url: URL): Promise<readonly string[] | null> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(TIMEOUT_MS), redirect: 'error' })
    const { ready, reasons }: { ready?: unknown; reasons?: unknown } = Object(await response.json())
    if (response.status === 200 && ready === true) return null
    if (Array.isArray(reasons) && reasons.length > 0) return reasons.map(String)
    return [`${url}: expected a keytrail’s readiness, found status ${response.status}`]
  } catch (error) {
    return [`${url}: ${whyNot(error)}`]
  }
}

function whyNot(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  if (error.name === 'TimeoutError') return `no answer within ${TIMEOUT_MS} ms`
  if (error instanceof SyntaxError) return 'expected JSON, found something else'
  const { cause } = error
  return cause instanceof Error ? ('code' in cause ? String(cause.code) : cause.message) : error.message
}

/** Where this machine reaches what is bound to every address. */
function urlOf({ host, port }: Bind): string {
  if (port === 0)
    throw new KeytrailError(
      'CONFIG_INVALID',
      'history.bind has port 0, which may be any: say which with --url',
    )
  const reached = host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host
  return `http://${reached.includes(':') ? `[${reached}]` : reached}:${port}`
}
