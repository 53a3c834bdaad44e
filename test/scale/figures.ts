import type { SidecarFigures } from './measure-sidecar.ts'
import type { StoreTimes } from './measure-store.ts'

/** All that was measured on one store. */
export interface Figures extends SidecarFigures, StoreTimes {
  readonly rings: number
  readonly fullRingMb: number
}

/** A name, how it is read from the figures, and how many times as much many rings may cost. */
type Line = readonly [name: string, read: (figures: Figures) => number, most: number]

/** Flat is within twice as much; a page that must come from the disk, or a deeper tree, may cost some more. */
const FLAT = 4
const LINES: readonly Line[] = [
  ['start, ms', ({ startMs }) => startMs, FLAT],
  ['append, CPU µs a record', ({ append }) => append, FLAT],
  ['newest page (3 records), CPU µs', ({ newestPage }) => newestPage, FLAT],
  ['newest page of a full ring (50), CPU µs', ({ fullPage }) => fullPage, FLAT],
  ['page of 100 keys, CPU µs', ({ keyPage }) => keyPage, FLAT],
  ['sweep that finds nothing, CPU µs', ({ idleSweep }) => idleSweep, FLAT],
  ['sweep, CPU µs a ring', ({ sweepRing }) => sweepRing, FLAT],
  ['destroy a full ring, CPU ms', ({ destroyMs }) => destroyMs, FLAT],
  ['disk of a full ring, MB', ({ fullRingMb }) => fullRingMb, 2],
  ['memory after start: own, MB', ({ started }) => started.own, 2],
  ['memory after start: file pages, MB', ({ started }) => started.file, 2],
  ['memory after load: own, MB', ({ used }) => used.own, 2],
  ['memory after load: file pages, MB', ({ used }) => used.file, Number.POSITIVE_INFINITY],
  ['keys by last use, first page, ms', ({ sortedMs }) => sortedMs, Number.POSITIVE_INFINITY],
  ['memory after that: own, MB', ({ sorted }) => sorted.own, Number.POSITIVE_INFINITY],
]

/** DESIGN 11. */
const MOST_DISK_MB = 6
const MOST_MEMORY_MB = 200

export function table(few: Figures, many: Figures): string {
  const head = ['', `${few.rings} rings`, `${many.rings} rings`, 'ratio']
  const rows = LINES.map(([name, read]) => {
    const [first, second] = [read(few), read(many)]
    return [name, first.toFixed(1), second.toFixed(1), (second / first).toFixed(2)]
  })
  return [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n')
}

/** What is not flat, or over its limit. */
export function limits(few: Figures, many: Figures): string[] {
  const steep = LINES.filter(([, read, most]) => read(many) > read(few) * most)
  const found = steep.map(
    ([name, read]) => `${name}: ${read(few).toFixed(1)} has become ${read(many).toFixed(1)}`,
  )
  if (many.fullRingMb > MOST_DISK_MB) found.push(`a full ring takes ${many.fullRingMb.toFixed(1)} MB`)
  if (many.used.own > MOST_MEMORY_MB) found.push(`memory of its own: ${many.used.own} MB`)
  return found
}
