import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** How far the clock may have gone on since it was accepted, in ms: an old word must not hold for a new jump. */
const VALID_MS = 3_600_000

/** Leaves the operator's word in the data directory that the clock is right, for the keytrail that runs, or the next. */
export function acceptClock(directory: string, now: number): void {
  writeFileSync(fileIn(directory), `${now}\n`, { mode: 0o600 })
}

/** Takes that word, if there is one that fits the clock's time `now` (Unix ms). */
export function takeAcceptance(directory: string, now: number): boolean {
  const file = fileIn(directory)
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch {
    return false
  }
  rmSync(file, { force: true })
  return Math.abs(now - Number.parseInt(text, 10)) <= VALID_MS
}

function fileIn(directory: string): string {
  return join(directory, 'clock-accepted')
}
