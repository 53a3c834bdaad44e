import { createHash } from 'node:crypto'
import { KeytrailError } from '../errors.ts'
import { readTlsFiles, type TlsFiles } from '../listener/tls-files.ts'
import { checkAgainst } from './check.ts'
import type { HistoryAuth, HistoryJwt, HistoryToken, KeySet } from './config.ts'
import { isMapping } from './defaults.ts'
import { formatPath, type Path, type Problem } from './problem.ts'
import type { ConfigDocument, ConfigSections } from './schema.ts'
import { requesterMapping } from './section/access.ts'
import { parseYaml, readText } from './yaml-file.ts'

type DocumentAuth = ConfigDocument['history']['auth']
type DocumentJwt = NonNullable<Exclude<DocumentAuth, 'none'>['jwt']>

/** Shorter tokens can be guessed. */
const MIN_TOKEN = 16

/** What the configuration means once the files that it names are read. */
interface NamedFiles {
  readonly requesters: Readonly<Record<string, string>>
  readonly auth: HistoryAuth
}

/**
 * Reads the files that the valid sections name; what is wrong with one is added to `problems`. Certificates are only
 * looked at: they are read by those who use them, as often as they change.
 */
export function readNamedFiles(sections: ConfigSections, problems: Problem[]): NamedFiles {
  checkTlsFiles(sections, problems)
  return {
    requesters: Object.assign(Object.create(null), readRequesters(sections.requesters ?? {}, problems)),
    auth: readAuth(sections.history?.auth ?? 'none', problems),
  }
}

function checkTlsFiles({ listeners = [], upstream, history }: ConfigSections, problems: Problem[]): void {
  const named: [Path, TlsFiles | null | undefined][] = listeners.map(({ tls }, index) => [
    ['listeners', index, 'tls'],
    tls,
  ])
  named.push([['upstream', 'tls'], upstream?.tls], [['history', 'tls'], history?.tls])
  for (const [path, files] of named) {
    if (files) attempt(path, problems, () => readTlsFiles(files))
  }
}

function readRequesters(
  requesters: ConfigDocument['requesters'],
  problems: Problem[],
): Record<string, string> {
  if (typeof requesters !== 'string') return requesters
  const path = ['requesters']
  const mapping = attempt(path, problems, () => parseYaml(readText(requesters), requesters).value ?? {})
  if (mapping === null) return {}
  const wrong = checkAgainst(requesterMapping, mapping)
  for (const { path: inside, message } of wrong) {
    const place = inside.length === 0 ? requesters : `${requesters}: ${formatPath(inside)}`
    problems.push({ path, message: `${place}: ${message}` })
  }
  return wrong.length === 0 ? (mapping as Record<string, string>) : {}
}

function readAuth(auth: DocumentAuth, problems: Problem[]): HistoryAuth {
  if (auth === 'none') return { kind: 'none' }
  const { certificates } = auth
  const tokens = auth.tokens.map(({ name, keys, rights, sha256, file }, index): HistoryToken => {
    const path = ['history', 'auth', 'tokens', index, 'file']
    return {
      name,
      keys,
      rights,
      sha256: file === null ? (sha256 ?? '') : hashTokenFile(file, path, problems),
    }
  })
  return auth.jwt === null
    ? { kind: 'tokens', tokens, certificates }
    : { kind: 'tokens', tokens, certificates, jwt: readJwt(auth.jwt, problems) }
}

function hashTokenFile(file: string, path: Path, problems: Problem[]): string {
  const token = attempt(path, problems, () => readText(file).replace(/\r?\n$/, ''))
  if (token === null) return ''
  // RFC 6750 2.1: the characters of a bearer token
  if (token.length < MIN_TOKEN || !/^[\w\-.~+/]+=*$/.test(token)) {
    const message = `expected one line with a token of at least ${MIN_TOKEN} letters, digits or -._~+/ in ${file}`
    problems.push({ path, message })
  }
  return createHash('sha256').update(token).digest('hex')
}

function readJwt({ jwksUrl, jwksFile, issuer, audience }: DocumentJwt, problems: Problem[]): HistoryJwt {
  const jwks = jwksFile === null ? (jwksUrl ?? '') : readKeySet(jwksFile, problems)
  return { jwks, issuer, audience }
}

function readKeySet(file: string, problems: Problem[]): KeySet {
  const path = ['history', 'auth', 'jwt', 'jwksFile']
  // JSON is YAML, and YAML tells where a mistake is
  const set = attempt(path, problems, () => parseYaml(readText(file), file).value)
  const { keys } = isMapping(set) ? set : {}
  if (Array.isArray(keys) && keys.length > 0 && keys.every(isMapping)) return { keys }
  if (set !== null) problems.push({ path, message: `expected a JWK set, {"keys": [{…}]}, in ${file}` })
  return { keys: [] }
}

function attempt<T>(path: Path, problems: Problem[], read: () => T): T | null {
  try {
    return read()
  } catch (error) {
    if (!(error instanceof KeytrailError)) throw error
    problems.push({ path, message: error.message })
    return null
  }
}
