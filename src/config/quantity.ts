/** Units by name, the largest first. */
type Units = readonly (readonly [name: string, factor: number])[]

const SECOND = 1000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE
const DURATIONS: Units = [
  ['d', 24 * HOUR],
  ['h', HOUR],
  ['m', MINUTE],
  ['s', SECOND],
  ['ms', 1],
]

const KIB = 1024
const SIZES: Units = [
  ['TiB', KIB ** 4],
  ['GiB', KIB ** 3],
  ['MiB', KIB ** 2],
  ['KiB', KIB],
  ['B', 1],
]

/** `3s`, `500ms`, `1.5h`, `30d` or plain milliseconds, in whole ms; null for anything else. */
export function parseDuration(value: unknown): number | null {
  return parseQuantity(value, DURATIONS)
}

/** `16KiB`, `64GiB` or plain bytes, in bytes; null for anything else (KB, which some read as 1000, included). */
export function parseSize(value: unknown): number | null {
  return parseQuantity(value, SIZES)
}

/** The shortest text that {@link parseDuration} reads as `ms`. */
export function formatDuration(ms: number): string {
  return formatQuantity(ms, DURATIONS)
}

/** The shortest text that {@link parseSize} reads as `bytes`. */
export function formatSize(bytes: number): string {
  return formatQuantity(bytes, SIZES)
}

function parseQuantity(value: unknown, units: Units): number | null {
  if (typeof value === 'number') return Number.isSafeInteger(value) && value >= 0 ? value : null
  if (typeof value !== 'string') return null
  const match = /^(\d{1,16}(?:\.\d{1,6})?)([A-Za-z]*)$/.exec(value)
  const unit = match?.[2] === '' ? 1 : units.find(([name]) => name === match?.[2])?.[1]
  const quantity = Number(match?.[1]) * (unit ?? Number.NaN)
  return Number.isSafeInteger(quantity) ? quantity : null
}

function formatQuantity(quantity: number, units: Units): string {
  const [name, factor] = units.find(([, factor]) => quantity >= factor && quantity % factor === 0) ??
    units.at(-1) ?? ['', 1]
  return `${quantity / factor}${name}`
}
