import { KeytrailError } from '../errors.ts'
import { visibleLines } from './visible.ts'

/**
 * What standard error says of a failed command: its code and message. A stack is shown only for what nobody
 * expected, and only where it is asked for.
 */
export function errorText(error: unknown, debug: boolean): string {
  if (error instanceof KeytrailError && error.code !== 'INTERNAL') return line(error.code, error.message)
  const unexpected = error instanceof Error ? error : new Error(String(error))
  const told = line('INTERNAL', unexpected.message)
  if (!debug) return `${told}This was not expected; KEYTRAIL_DEBUG=1 shows where it happened.\n`
  return `${told}${visibleLines(unexpected.stack ?? '')}\n`
}

function line(code: string, message: string): string {
  return `keytrail: ${code}: ${visibleLines(message)}\n`
}
