/** The two parts of a key's full name. */
export interface FullName {
  /** What stands before the key's own part; names that it does not begin can be told apart by it. */
  readonly qualifier: string
  /** The name that stands for the key where the qualifier goes without saying. */
  readonly short: string
}

/** Reads a name by a pattern of {@link compileFullName}; null where it is no full name. */
export type SplitFullName = (name: string) => FullName | null

/**
 * A pattern such as `arn:*:kms:*:*:key/*`: a star stands for a run without `:` and `/`, and the last one, at its end,
 * for the short name. The qualifier ends behind the first character of the last fixed part.
 */
export function compileFullName(pattern: string): SplitFullName {
  const parts = pattern.split('*')
  parts.pop()
  return (name) => {
    let at = 0
    let last = 0
    for (const part of parts) {
      if (!name.startsWith(part, at)) return null
      last = at
      const start = at + part.length
      at = runEnd(name, start)
      if (at === start) return null
    }
    const mark = parts.at(-1) ?? ''
    return at === name.length
      ? { qualifier: name.slice(0, last + 1), short: name.slice(last + mark.length) }
      : null
  }
}

/** Index behind the characters from `start` on that are neither `:` nor `/`. */
function runEnd(name: string, start: number): number {
  let at = start
  while (at < name.length && name.charCodeAt(at) !== 0x3a && name.charCodeAt(at) !== 0x2f) at += 1
  return at
}
