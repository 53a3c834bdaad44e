/** The first llhttp that takes nothing but CRLF for the end of a line (CVE-2025-23167): Node 20.19.2 has it. */
const STRICT = [9, 2] as const

/** What is to be said of Node's HTTP parser, given llhttp's `version`; null where it is strict. */
export function parserWeakness(version: string): string | null {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  if (major > STRICT[0] || (major === STRICT[0] && minor >= STRICT[1])) return null
  return (
    `this Node's HTTP parser (llhttp ${version}) takes bare LF and CR for ends of lines: ` +
    'what a proxy in front reads as one request may be two here; use Node 20.19.2 or later'
  )
}
