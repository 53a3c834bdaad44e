import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createSecureContext } from 'node:tls'
import { KeytrailError } from '../errors.ts'

/** Names of PEM files; null for none. */
export interface TlsFiles {
  readonly cert: string | null
  readonly key: string | null
  readonly ca: string | null
}

/** What stood in them, checked; never logged. */
export interface TlsMaterial {
  readonly cert?: Buffer
  readonly key?: Buffer
  readonly ca?: Buffer
}

/**
 * Reads the files and checks that each holds what it should and that key and certificate belong together, so that a
 * pair of which one half is new is never used. Throws `TLS_INVALID`; the message has file names and nothing of their
 * content.
 */
export function readTlsFiles({ cert, key, ca }: TlsFiles): TlsMaterial {
  const certBytes = cert === null ? null : readPem(cert)
  const keyBytes = key === null ? null : readPem(key)
  const caBytes = ca === null ? null : readPem(ca)
  if (caBytes !== null) parseCertificates(caBytes, ca ?? '')
  if (certBytes !== null && keyBytes !== null) {
    const certificate = parseCertificates(certBytes, cert ?? '')
    if (!certificate.checkPrivateKey(parseKey(keyBytes, key ?? ''))) {
      throw invalid(`${key} is not the key of the first certificate in ${cert}: replace both`)
    }
  }
  const material: TlsMaterial = {
    ...(certBytes === null ? {} : { cert: certBytes }),
    ...(keyBytes === null ? {} : { key: keyBytes }),
    ...(caBytes === null ? {} : { ca: caBytes }),
  }
  attempt(() => createSecureContext(material), `${[cert, key, ca].filter(Boolean).join(', ')} cannot be used`)
  return material
}

const BEGIN = '-----BEGIN CERTIFICATE-----'
const CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g

/** All names that are given. */
export function namesOf({ cert, key, ca }: TlsFiles): string[] {
  return [cert, key, ca].filter((name) => name !== null)
}

function readPem(file: string): Buffer {
  return attempt(() => readFileSync(file), `cannot read ${file}`)
}

/** The first of the certificates, all of which must be whole: OpenSSL stops without a word at one that is cut off. */
function parseCertificates(pem: Buffer, file: string): X509Certificate {
  const text = pem.toString('latin1')
  const problem = `expected certificates as PEM in ${file}`
  const [first, ...others] = attempt(
    () => (text.match(CERTIFICATE) ?? []).map((block) => new X509Certificate(block)),
    problem,
  )
  if (first === undefined || text.split(BEGIN).length !== others.length + 2) throw invalid(problem)
  return first
}

function parseKey(pem: Buffer, file: string): KeyObject {
  return attempt(() => createPrivateKey(pem), `expected a private key as PEM, without passphrase, in ${file}`)
}

/** OpenSSL's and the file system's own words are left to their code: it tells enough. */
function attempt<T>(action: () => T, problem: string): T {
  try {
    return action()
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? ` (${cause.code})` : ''
    throw invalid(`${problem}${code}`)
  }
}

function invalid(message: string): KeytrailError {
  return new KeytrailError('TLS_INVALID', message)
}
