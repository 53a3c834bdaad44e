import { isUtf8 } from 'node:buffer'
import { isWhole } from './excerpt.ts'

/**
 * What two parsers could read differently in a path, and what the other one would make of it. A bit each, so that
 * what a dialect allows is one number.
 */
export const pathForms = {
  /** `.` or `..`, also as %2E: dropped with its parent (RFC 3986 5.2.4). */
  'dot-segment': 1,
  /** `//`: merged into one slash. */
  'empty-segment': 2,
  /** A slash behind the last segment of a known route: dropped. */
  'trailing-slash': 4,
  /** %2F: decoded before the split. */
  'encoded-slash': 8,
  /** `\` or %5C: a slash to some. */
  backslash: 16,
  /** `;`, also as %3B: cut off with what follows it in the segment (RFC 3986 3.3). */
  'path-parameter': 32,
  /** %3F or %23: decoded before query and fragment are split off. */
  'encoded-delimiter': 64,
  /** %25 before two hexadecimal digits: decoded twice. */
  'double-encoding': 128,
  /** A byte over 0x7F that is not percent-encoded: UTF-8 to one, Latin-1 to another. */
  'raw-non-ascii': 256,
} as const

export type PathForm = keyof typeof pathForms

/** The sum of the bits of `forms`. */
export function allowedForms(forms: readonly PathForm[]): number {
  let bits = 0
  for (const form of forms) bits |= pathForms[form]
  return bits
}

/** Characters that take a segment off the fast path. */
const isOdd = new Uint8Array(128)
for (let code = 0; code <= 0x20; code += 1) isOdd[code] = 1
for (const character of '%;\\#\x7f') isOdd[character.charCodeAt(0)] = 1

/**
 * The segments of the path of `target` before index `end`, each decoded exactly once, case kept; '/' has none,
 * and a trailing slash shows as a last segment ''. Null where two parsers could read the path differently and
 * `allowed` does not hold that form, or where it is no path in origin form at all (RFC 9112 3.2.1).
 */
export function splitPath(target: string, end: number, allowed: number): string[] | null {
  if (target.charCodeAt(0) !== 0x2f) return null
  const segments: string[] = []
  if (end === 1) return segments
  let start = 1
  let plain = true
  for (let i = 1; i <= end; i += 1) {
    const code = i === end ? 0x2f : target.charCodeAt(i)
    if (code !== 0x2f) {
      if (code > 0x7f || isOdd[code] === 1) plain = false
      continue
    }
    if (start === i && i !== end && (allowed & pathForms['empty-segment']) === 0) return null
    const raw = target.slice(start, i)
    const segment = plain ? raw : decodeSegment(raw, allowed)
    if (segment === null) return null
    if (plain && isDot(segment) && (allowed & pathForms['dot-segment']) === 0) return null
    segments.push(segment)
    start = i + 1
    plain = true
  }
  return segments
}

/** The decoded segment; null where it has a form that is not allowed, or that no dialect can allow. */
function decodeSegment(raw: string, allowed: number): string | null {
  const bytes: number[] = []
  for (let i = 0; i < raw.length; i += 1) {
    let byte = raw.charCodeAt(i)
    const escaped = byte === 0x25
    if (escaped) {
      byte = hexByte(raw, i + 1)
      i += 2
    }
    const form = formOf(byte, escaped)
    if (form < 0 || (form & ~allowed) !== 0) return null
    bytes.push(byte)
  }
  const buffer = Buffer.from(bytes)
  if (!isUtf8(buffer)) return null
  const segment = buffer.toString('utf8')
  return isWhole(segment) && (formsInside(segment) & ~allowed) === 0 ? segment : null
}

/** The form that one byte of a segment is; 0 for none, -1 for a byte that no dialect can allow. */
function formOf(byte: number, escaped: boolean): number {
  if (byte > 0xff || byte < 0x20 || byte === 0x7f) return -1
  if (byte > 0x7f) return escaped ? 0 : pathForms['raw-non-ascii']
  switch (byte) {
    case 0x20:
      return escaped ? 0 : -1
    case 0x23:
      return escaped ? pathForms['encoded-delimiter'] : -1
    case 0x3f:
      return pathForms['encoded-delimiter']
    case 0x2f:
      return pathForms['encoded-slash']
    case 0x5c:
      return pathForms.backslash
    case 0x3b:
      return pathForms['path-parameter']
    default:
      return 0
  }
}

/** The forms that show only once the segment is decoded. */
function formsInside(segment: string): number {
  let forms = 0
  for (let at = segment.indexOf('%'); at >= 0; at = segment.indexOf('%', at + 1)) {
    if (hexByte(segment, at + 1) >= 0) forms |= pathForms['double-encoding']
  }
  // An allowed slash, backslash or path parameter can set a dot segment apart.
  for (const part of segment.replaceAll('\\', '/').split('/')) {
    const semicolon = part.indexOf(';')
    if (isDot(semicolon < 0 ? part : part.slice(0, semicolon))) forms |= pathForms['dot-segment']
  }
  return forms
}

/** The value of two hexadecimal digits at `at`; -1 where there are none. */
function hexByte(text: string, at: number): number {
  const high = hexDigit(text.charCodeAt(at))
  const low = hexDigit(text.charCodeAt(at + 1))
  return high < 0 || low < 0 ? -1 : high * 16 + low
}

function hexDigit(code: number): number {
  if (code >= 0x30 && code <= 0x39) return code - 0x30
  const lower = code | 0x20
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1
}

function isDot(segment: string): boolean {
  return segment === '.' || segment === '..'
}
