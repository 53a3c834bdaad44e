import type { Requester } from '../record.ts'
import type { RequesterDescription } from './description.ts'
import type { RequestHead } from './dialect.ts'
import { isWhole } from './excerpt.ts'
import { readHeader } from './header.ts'
import { readClaim } from './jwt-claim.ts'

/** Longest account or claim that is kept, in characters; a longer one is cut. */
const longestId = 256

/** A place that names the requester. */
export interface RequesterSource {
  readonly from: 'header' | 'sigv4' | 'certificate'
  readonly kind: 'account' | 'token' | 'certificate'
  /** Lower case; '' for a certificate. */
  readonly header: string
  /** Authentication scheme in lower case with the space behind it; '' for none. */
  readonly scheme: string
  readonly jwtClaims: readonly string[]
  /** No other header of the list may name a requester beside this one. */
  readonly alone: boolean
}

/** Who asks. */
export interface Credential {
  readonly requester: Requester
  /** The bearer token; '' without one. */
  readonly token: string
  /** Two readers could see two different requesters. */
  readonly ambiguous: boolean
}

const anonymous: Requester = { id: '', kind: 'anonymous', credential: '' }
const nobody: Credential = { requester: anonymous, token: '', ambiguous: false }
const ambiguous: Credential = { requester: anonymous, token: '', ambiguous: true }

export function compileRequester(description: RequesterDescription): RequesterSource {
  const { header, sigv4, kind, scheme, jwtClaims = [], alone = false } = description
  return {
    from: header !== undefined ? 'header' : sigv4 !== undefined ? 'sigv4' : 'certificate',
    kind,
    header: (header ?? sigv4 ?? '').toLowerCase(),
    scheme: scheme === undefined ? '' : `${scheme.toLowerCase()} `,
    jwtClaims,
    alone,
  }
}

/** The requester of the first source that is present in the request. */
export function readCredential(sources: readonly RequesterSource[], head: RequestHead): Credential {
  for (let i = 0; i < sources.length; i += 1) {
    const source = sources[i]
    if (source === undefined) continue
    const value = present(source, head)
    if (value === '') continue
    if (value === null || (source.alone && hasCompany(sources, i, head))) return ambiguous
    return credentialOf(source, value)
  }
  return nobody
}

/** What the source holds; '' for nothing, null for header lines with unequal values. */
function present(source: RequesterSource, { rawHeaders, certificateSubject }: RequestHead): string | null {
  if (source.from === 'certificate') return certificateSubject
  const value = readHeader(rawHeaders, source.header)
  if (value === null || value === '') return value
  if (source.from === 'sigv4') return accessKeyOf(value)
  return source.scheme === '' ? value : withoutScheme(value, source.scheme)
}

function hasCompany(sources: readonly RequesterSource[], index: number, head: RequestHead): boolean {
  return sources.some(
    (other, i) => i !== index && other.from !== 'certificate' && present(other, head) !== '',
  )
}

function credentialOf({ kind, jwtClaims }: RequesterSource, value: string): Credential {
  if (kind === 'token') {
    const id = jwtClaims.length === 0 ? '' : readClaim(value, jwtClaims)
    return { requester: { id: plain(id), kind, credential: '' }, token: value, ambiguous: false }
  }
  const id = plain(value)
  return { requester: { id, kind, credential: id }, token: '', ambiguous: false }
}

/**
 * The access key of `AWS4-HMAC-SHA256 Credential=<access key>/<date>/<region>/<service>/aws4_request, …`; '' for
 * another scheme, null where it names two.
 */
function accessKeyOf(authorization: string): string | null {
  if (!authorization.startsWith('AWS4-')) return ''
  const start = authorization.indexOf('Credential=')
  if (start < 0) return ''
  // Which of two the upstream goes by, nobody could say.
  if (authorization.toLowerCase().indexOf('credential=', start + 1) >= 0) return null
  const end = authorization.indexOf('/', start)
  return end < 0 ? '' : authorization.slice(start + 'Credential='.length, end)
}

/** Schemes are case-insensitive (RFC 9110 11.1). */
function withoutScheme(value: string, scheme: string): string {
  return value.slice(0, scheme.length).toLowerCase() === scheme ? value.slice(scheme.length).trim() : ''
}

/** A claim can hold anything: cut it, and blank what would not read and store as it is. */
function plain(text: string): string {
  const short = text.length > longestId ? text.slice(0, longestId) : text
  if (isWhole(short)) return short
  let whole = ''
  for (const character of short) whole += isWhole(character) ? character : '\ufffd'
  return whole
}
