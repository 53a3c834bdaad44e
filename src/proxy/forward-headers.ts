/** What a request's headers say about its framing and its hop. */
export interface ForwardHeaders {
  /** Name, value, name, value …: what goes to the other side. */
  readonly headers: string[]
  /** Declared body length; -1 without Content-Length. */
  readonly contentLength: number
  /** The body comes in chunks. */
  readonly chunked: boolean
  /** Where the body ends could be read in two ways. */
  readonly ambiguous: boolean
  /** How many Host headers there were. */
  readonly hosts: number
  /** The protocols that the client would change to (RFC 9110 7.8); '' where it asks for none. */
  readonly upgrade: string
}

/**
 * Takes the hop-by-hop headers out (RFC 9110 7.6.1: Connection, what it names, Keep-Alive, Proxy-Connection,
 * TE, Transfer-Encoding, Upgrade) and, from requests, Expect, which the sidecar answers itself (10.1.1).
 * Everything else stays as it is, in its order. Nearly all header names are told apart by their length alone.
 * Ambiguous is what RFC 9112 6 has a proxy refuse or repair: length and chunks, a coding that isn't just `chunked`,
 * a length that some read as octal, and the spellings that CGI (RFC 3875 4.1.18) can't tell from these headers.
 */
export function forwardHeaders(rawHeaders: readonly string[]): ForwardHeaders {
  const headers: string[] = []
  let contentLength = -1
  let chunked = false
  let ambiguous = false
  let hosts = 0
  let upgrade = ''
  let named = ''
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i] as string
    const value = rawHeaders[i + 1] as string
    switch (name.length) {
      case 0:
        ambiguous = true
        break
      case 2:
        if (is(name, 'te')) continue
        break
      case 4:
        if (is(name, 'host')) hosts++
        break
      case 6:
        if (is(name, 'expect')) continue
        break
      case 7:
        if (is(name, 'upgrade')) {
          upgrade += upgrade === '' ? value : `, ${value}`
          continue
        }
        break
      case 10:
        if (is(name, 'keep-alive')) continue
        if (is(name, 'connection')) {
          if (!isPlain(value)) named += `,${value}`
          continue
        }
        break
      case 14:
        if (is(name, 'content-length')) {
          ambiguous ||= contentLength !== -1 || chunked || !isLength(value)
          contentLength = Number(value)
        } else if (is(name, 'content_length')) ambiguous = true
        break
      case 16:
        if (is(name, 'proxy-connection')) continue
        break
      case 17:
        if (is(name, 'transfer-encoding')) {
          ambiguous ||= chunked || contentLength !== -1 || !is(value, 'chunked')
          chunked = true
          continue
        }
        if (is(name, 'transfer_encoding')) ambiguous = true
        break
    }
    headers.push(name, value)
  }
  const kept = named === '' ? headers : withoutNamed(headers, named)
  if (upgrade !== '' && !names(named, 'upgrade')) upgrade = ''
  return { headers: kept, contentLength, chunked, ambiguous, hosts, upgrade }
}

/** Those of a response as received (latin1 pairs). */
export function responseHeaders(rawHeaders: readonly Buffer[]): ForwardHeaders {
  const pairs: string[] = new Array(rawHeaders.length)
  for (let i = 0; i < rawHeaders.length; i++) pairs[i] = (rawHeaders[i] as Buffer).toString('latin1')
  return forwardHeaders(pairs)
}

/** Digits, the first no zero unless it is the only one. */
function isLength(value: string): boolean {
  for (let i = 0; i < value.length; i++) {
    const code = value.charCodeAt(i)
    if (code < 0x30 || code > 0x39) return false
  }
  return value.length > 0 && (value.length === 1 || value[0] !== '0')
}

/** Connection options that name no header. */
function isPlain(value: string): boolean {
  return is(value, 'close') || is(value, 'keep-alive')
}

/** Case-insensitive; `lower` is lower case ASCII. */
function is(text: string, lower: string): boolean {
  return text === lower || (text.length === lower.length && text.toLowerCase() === lower)
}

/** Whether the list of Connection options holds `option`. */
function names(list: string, option: string): boolean {
  return list.split(',').some((name) => is(name.trim(), option))
}

function withoutNamed(headers: readonly string[], named: string): string[] {
  const names = new Set(named.split(',').map((name) => name.trim().toLowerCase()))
  const kept: string[] = []
  for (let i = 0; i < headers.length; i += 2) {
    const name = headers[i] as string
    // Nobody may have the message's framing, or its host, taken out by naming it (RFC 9110 7.6.1).
    if (names.has(name.toLowerCase()) && !is(name, 'content-length') && !is(name, 'host')) continue
    kept.push(name, headers[i + 1] as string)
  }
  return kept
}
