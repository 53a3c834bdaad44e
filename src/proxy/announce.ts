/** Headers by which a proxy tells of itself and of who sent the request to it. */
export type AnnouncedHeader = 'x-forwarded-for' | 'forwarded' | 'via'

/** The way a request came. */
export interface Hop {
  /** Canonical text of the sender's address; '' where it is not known. */
  readonly address: string
  readonly encrypted: boolean
  /** Of the request: 1.0 or 1.1. */
  readonly httpVersion: string
}

/** Adds headers to those (name, value, name, value …) that go upstream. */
export type Announce = (headers: string[], hop: Hop) => void

/**
 * Makes the function that adds `names`, none by default: what a client or another proxy has already said in a header
 * of that name stays, and this hop is added at its end (RFC 9110 7.6.3, RFC 7239 4).
 */
export function createAnnounce(names: readonly AnnouncedHeader[]): Announce {
  if (names.length === 0) return () => undefined
  const unique = new Set(names)
  return (headers, hop) => {
    for (const name of unique) append(headers, name, element(name, hop))
  }
}

function element(name: AnnouncedHeader, { address, encrypted, httpVersion }: Hop): string {
  switch (name) {
    case 'x-forwarded-for':
      return address === '' ? 'unknown' : address
    case 'forwarded':
      return `for=${node(address)};proto=${encrypted ? 'https' : 'http'}`
    case 'via':
      return `${httpVersion} keytrail`
    default:
      return name satisfies never
  }
}

/** RFC 7239 6: an IPv6 address in brackets and, for these, in quotes. */
function node(address: string): string {
  if (address === '') return 'unknown'
  return address.includes(':') ? `"[${address}]"` : address
}

/** To the last header of that name, so that all of them read as one list (RFC 9110 5.3). */
function append(headers: string[], name: string, value: string): void {
  for (let i = headers.length - 2; i >= 0; i -= 2) {
    if (headers[i]?.toLowerCase() !== name) continue
    const before = headers[i + 1] ?? ''
    headers[i + 1] = before === '' ? value : `${before}, ${value}`
    return
  }
  headers.push(name, value)
}
