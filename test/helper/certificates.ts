import { createHash, webcrypto, X509Certificate } from 'node:crypto'

// @peculiar/x509 asks its host for decorator metadata, of which it has none that matter here.
Object.assign(Reflect, { getMetadata: () => undefined, getOwnMetadata: () => undefined })
const x509 = await import('@peculiar/x509')
x509.cryptoProvider.set(webcrypto as never)

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }
const DAY_MS = 86_400_000

/** A certificate and its key, PEM. */
export interface Identity {
  readonly cert: string
  readonly key: string
  /** SHA-256 of the public key (SPKI), base64. */
  readonly pin: string
}

export interface IdentityOptions {
  /** RFC 4514, the most general part first as @peculiar/x509 takes it: `O=Example, CN=billing`. */
  readonly name: string
  /** For a server: what it is called. */
  readonly dns?: readonly string[]
  readonly ip?: readonly string[]
  readonly expired?: boolean
}

/** A certificate authority of a test. */
export interface Authority {
  readonly cert: string
  issue(options: IdentityOptions): Promise<Identity>
}

/** Makes an authority of that name. */
export async function createAuthority(name = 'CN=test authority'): Promise<Authority> {
  const keys = await newKeys()
  const root = await x509.X509CertificateGenerator.createSelfSigned({
    ...{ name, keys, signingAlgorithm: ALGORITHM, ...validity(false) },
    extensions: [new x509.BasicConstraintsExtension(true, 1, true)],
  })
  return {
    cert: root.toString('pem'),
    async issue({ name: subject, dns = [], ip = [], expired = false }) {
      const own = await newKeys()
      const names = [
        ...dns.map((value) => ({ type: 'dns' as const, value })),
        ...ip.map((value) => ({ type: 'ip' as const, value })),
      ]
      const certificate = await x509.X509CertificateGenerator.create({
        ...{ subject, issuer: root.subject, publicKey: own.publicKey, signingKey: keys.privateKey },
        ...{ signingAlgorithm: ALGORITHM, ...validity(expired) },
        extensions: names.length === 0 ? [] : [new x509.SubjectAlternativeNameExtension(names)],
      })
      const cert = certificate.toString('pem')
      return { cert, key: await privatePem(own.privateKey), pin: pinOf(cert) }
    },
  }
}

function newKeys(): Promise<webcrypto.CryptoKeyPair> {
  return webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']) as Promise<webcrypto.CryptoKeyPair>
}

function validity(expired: boolean): { notBefore: Date; notAfter: Date } {
  const end = Date.now() + (expired ? -DAY_MS : DAY_MS)
  return { notBefore: new Date(end - 30 * DAY_MS), notAfter: new Date(end) }
}

async function privatePem(key: webcrypto.CryptoKey): Promise<string> {
  const bytes = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', key))
  return `-----BEGIN PRIVATE KEY-----\n${bytes.toString('base64')}\n-----END PRIVATE KEY-----\n`
}

function pinOf(cert: string): string {
  const spki = new X509Certificate(cert).publicKey.export({ type: 'spki', format: 'der' })
  return createHash('sha256').update(spki).digest('base64')
}
