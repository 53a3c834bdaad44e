import { createSecretKey, generateKeyPair, type KeyObject, randomBytes } from 'node:crypto'
import { promisify } from 'node:util'

export const keyTypes = ['AES256', 'RSA2048', 'ECDSA'] as const

export type KeyType = (typeof keyTypes)[number]

/** The cryptographic keys behind one version. */
export type Material =
  | { readonly kind: 'AES256'; readonly secret: KeyObject }
  | { readonly kind: 'RSA2048' | 'ECDSA'; readonly privateKey: KeyObject; readonly publicKey: KeyObject }

const generatePair = promisify(generateKeyPair)

/** Makes fresh material off the event loop: finding RSA primes takes up to a second. */
export async function generateMaterial(type: KeyType): Promise<Material> {
  switch (type) {
    case 'AES256':
      return { kind: type, secret: createSecretKey(randomBytes(32)) }
    case 'RSA2048':
      return { kind: type, ...(await generatePair('rsa', { modulusLength: 2048 })) }
    case 'ECDSA':
      return { kind: type, ...(await generatePair('ec', { namedCurve: 'P-256' })) }
  }
}
