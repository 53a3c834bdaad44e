import {
  createCipheriv,
  createDecipheriv,
  createHmac,
  generateKeyPairSync,
  randomBytes,
  randomUUID,
  sign,
  verify,
} from 'node:crypto'

const ID_BYTES = 36
const IV_BYTES = 12
const TAG_BYTES = 16

/** One key of a test's key API: AES-256-GCM, HMAC-SHA-256 and ECDSA over P-256 in one. */
export class KmsKey {
  readonly id = randomUUID()
  readonly arn: string
  state = 'Enabled'
  readonly #spec: string
  readonly #secret = randomBytes(32)
  readonly #pair = generateKeyPairSync('ec', { namedCurve: 'P-256' })

  constructor(prefix: string, spec: string) {
    this.arn = `${prefix}key/${this.id}`
    this.#spec = spec
  }

  /** The id of the key that made a ciphertext. */
  static idOf(blob: Buffer): string {
    return blob.toString('latin1', 0, ID_BYTES)
  }

  get metadata(): object {
    const CreationDate = Date.now() / 1000
    return { KeyId: this.id, Arn: this.arn, KeySpec: this.#spec, KeyState: this.state, CreationDate }
  }

  get publicKey(): string {
    return this.#pair.publicKey.export({ type: 'spki', format: 'der' }).toString('base64')
  }

  /** Key id, IV, tag, ciphertext; in base64. The context is authenticated too. */
  encrypt(plain: Buffer, context: unknown): string {
    const iv = randomBytes(IV_BYTES)
    const cipher = createCipheriv('aes-256-gcm', this.#secret, iv).setAAD(contextBytes(context))
    const text = Buffer.concat([cipher.update(plain), cipher.final()])
    return Buffer.concat([Buffer.from(this.id), iv, cipher.getAuthTag(), text]).toString('base64')
  }

  /** null where the ciphertext, or its context, is another one. */
  decrypt(blob: Buffer, context: unknown): Buffer | null {
    const text = ID_BYTES + IV_BYTES + TAG_BYTES
    const decipher = createDecipheriv(
      'aes-256-gcm',
      this.#secret,
      blob.subarray(ID_BYTES, ID_BYTES + IV_BYTES),
    )
    decipher.setAAD(contextBytes(context))
    try {
      decipher.setAuthTag(blob.subarray(ID_BYTES + IV_BYTES, text))
      return Buffer.concat([decipher.update(blob.subarray(text)), decipher.final()])
    } catch {
      return null
    }
  }

  dataKeyPair({ withPlaintext }: { readonly withPlaintext: boolean }): Record<string, unknown> {
    const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    const secret = pair.privateKey.export({ type: 'pkcs8', format: 'der' })
    return {
      KeyId: this.arn,
      KeyPairSpec: 'ECC_NIST_P256',
      PublicKey: pair.publicKey.export({ type: 'spki', format: 'der' }).toString('base64'),
      PrivateKeyCiphertextBlob: this.encrypt(secret, undefined),
      ...(withPlaintext ? { PrivateKeyPlaintext: secret.toString('base64') } : {}),
    }
  }

  sign(message: Buffer): string {
    return sign('sha256', message, this.#pair.privateKey).toString('base64')
  }

  verifies(message: Buffer, signature: Buffer): boolean {
    return verify('sha256', message, this.#pair.publicKey, signature)
  }

  mac(message: Buffer): string {
    return createHmac('sha256', this.#secret).update(message).digest('base64')
  }
}

function contextBytes(context: unknown): Buffer {
  return Buffer.from(JSON.stringify(context ?? {}))
}
