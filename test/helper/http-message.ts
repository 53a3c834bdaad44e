/** A message as it was on the wire, taken apart; all text is latin1. */
export interface HttpMessage {
  readonly startLine: string
  /** In their order, their values without the space around them. */
  readonly headers: readonly (readonly [name: string, value: string])[]
  /** Without its chunks. */
  readonly body: string
  readonly trailers: readonly (readonly [name: string, value: string])[]
  /** How much of the text it was. */
  readonly length: number
}

/**
 * The first message in `text`; null while it isn't whole. `bodiless` for an answer that has no body whatever its
 * headers say; one without any framing goes on to the end of `text`, a request ends with its head.
 */
export function readMessage(text: string, { bodiless = false } = {}): HttpMessage | null {
  const end = text.indexOf('\r\n\r\n')
  if (end === -1) return null
  const [startLine = '', ...lines] = text.slice(0, end).split('\r\n')
  const headers = lines.map(readField)
  const at = end + 4
  const value = (name: string): string | undefined => headers.find(([one]) => one.toLowerCase() === name)?.[1]
  const coding = value('transfer-encoding')
  const size = value('content-length')
  if (bodiless) return { startLine, headers, body: '', trailers: [], length: at }
  if (coding !== undefined) return readChunks(text, at, { startLine, headers })
  const toEnd = size === undefined && startLine.startsWith('HTTP/')
  const length = toEnd ? text.length : at + Number(size ?? 0)
  if (text.length < length) return null
  return { startLine, headers, body: text.slice(at, length), trailers: [], length }
}

function readChunks(
  text: string,
  from: number,
  head: Pick<HttpMessage, 'startLine' | 'headers'>,
): HttpMessage | null {
  const pieces: string[] = []
  for (let at = from; ; ) {
    const line = text.indexOf('\r\n', at)
    if (line === -1) return null
    const size = Number.parseInt(text.slice(at, line), 16)
    at = line + 2
    if (size === 0) {
      const end = text.startsWith('\r\n', at) ? at : text.indexOf('\r\n\r\n', at) + 2
      if (end === 1 || text.length < end + 2) return null
      const trailers = text.slice(at, end).split('\r\n').filter(Boolean).map(readField)
      return { ...head, body: pieces.join(''), trailers, length: end + 2 }
    }
    if (text.length < at + size + 2) return null
    pieces.push(text.slice(at, at + size))
    at += size + 2
  }
}

function readField(line: string): readonly [string, string] {
  const colon = line.indexOf(':')
  return [line.slice(0, colon), line.slice(colon + 1).replace(/^[ \t]+|[ \t]+$/g, '')]
}
