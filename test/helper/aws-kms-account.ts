import { randomBytes } from 'node:crypto'
import { KmsKey } from './aws-kms-key.ts'

/** A request's or an answer's members. */
export type Body = Readonly<Record<string, unknown>>

/** An error of the key API's. */
export class Failure extends Error {
  readonly type: string
  constructor(type: string) {
    super(`the ${type} of a test`)
    this.type = type
  }
}

const REGION = 'us-east-1'
const DAY_S = 86_400

type Operation = (body: Body) => Body | null

/** What one account's keys, aliases, grants, tags and policies are, in memory. */
export class KmsAccount {
  readonly #keys = new Map<string, KmsKey>()
  /** Alias name → key id. */
  readonly #aliases = new Map<string, string>()
  readonly #prefix: string
  readonly #operations: Readonly<Record<string, Operation>>

  constructor(account: string) {
    this.#prefix = `arn:aws:kms:${REGION}:${account}:`
    this.#operations = {
      ...this.#cryptography(),
      ...this.#keyLife(),
      ...this.#aliasCalls(),
      ...this.#attached(),
    }
  }

  perform(operation: string, body: Body): Body | null {
    const call = this.#operations[operation]
    if (call === undefined) throw new Failure('UnknownOperationException')
    return call(body)
  }

  #cryptography(): Record<string, Operation> {
    const dataKey = (body: Body) => {
      const plain = randomBytes(32)
      return { key: this.#usable(body), plain, body }
    }
    return {
      Encrypt: (body) => {
        const key = this.#usable(body)
        return {
          KeyId: key.arn,
          CiphertextBlob: key.encrypt(bytes(body, 'Plaintext'), body['EncryptionContext']),
        }
      },
      Decrypt: (body) => {
        const { key, plain } = this.#decrypt(
          bytes(body, 'CiphertextBlob'),
          body['EncryptionContext'],
          body['KeyId'],
        )
        return { KeyId: key.arn, Plaintext: plain.toString('base64'), KeyMaterialId: 'f'.repeat(64) }
      },
      ReEncrypt: (body) => {
        const { key: source, plain } = this.#decrypt(
          bytes(body, 'CiphertextBlob'),
          body['SourceEncryptionContext'],
          body['SourceKeyId'],
        )
        const key = this.#usable({ KeyId: body['DestinationKeyId'] })
        const CiphertextBlob = key.encrypt(plain, body['DestinationEncryptionContext'])
        return { SourceKeyId: source.arn, KeyId: key.arn, CiphertextBlob }
      },
      GenerateDataKey: (body) => {
        const { key, plain } = dataKey(body)
        const CiphertextBlob = key.encrypt(plain, body['EncryptionContext'])
        return { KeyId: key.arn, Plaintext: plain.toString('base64'), CiphertextBlob }
      },
      GenerateDataKeyWithoutPlaintext: (body) => {
        const { key, plain } = dataKey(body)
        return { KeyId: key.arn, CiphertextBlob: key.encrypt(plain, body['EncryptionContext']) }
      },
      GenerateDataKeyPair: (body) => this.#usable(body).dataKeyPair({ withPlaintext: true }),
      GenerateDataKeyPairWithoutPlaintext: (body) => this.#usable(body).dataKeyPair({ withPlaintext: false }),
      GenerateRandom: (body) => ({
        Plaintext: randomBytes(Number(body['NumberOfBytes'])).toString('base64'),
      }),
      Sign: (body) => {
        const key = this.#usable(body)
        return {
          KeyId: key.arn,
          Signature: key.sign(bytes(body, 'Message')),
          SigningAlgorithm: 'ECDSA_SHA_256',
        }
      },
      Verify: (body) => {
        const key = this.#usable(body)
        if (!key.verifies(bytes(body, 'Message'), bytes(body, 'Signature')))
          throw new Failure('KMSInvalidSignatureException')
        return { KeyId: key.arn, SignatureValid: true, SigningAlgorithm: 'ECDSA_SHA_256' }
      },
      GetPublicKey: (body) => ({ KeyId: this.#usable(body).arn, PublicKey: this.#usable(body).publicKey }),
      GenerateMac: (body) => {
        const key = this.#usable(body)
        return { KeyId: key.arn, Mac: key.mac(bytes(body, 'Message')), MacAlgorithm: 'HMAC_SHA_256' }
      },
      VerifyMac: (body) => {
        const key = this.#usable(body)
        if (key.mac(bytes(body, 'Message')) !== body['Mac']) throw new Failure('KMSInvalidMacException')
        return { KeyId: key.arn, MacValid: true, MacAlgorithm: 'HMAC_SHA_256' }
      },
    }
  }

  #keyLife(): Record<string, Operation> {
    const setState = (body: Body, state: string): null => {
      this.#key(body['KeyId']).state = state
      return null
    }
    return {
      CreateKey: (body) => {
        const key = new KmsKey(this.#prefix, String(body['KeySpec'] ?? 'SYMMETRIC_DEFAULT'))
        this.#keys.set(key.id, key)
        return { KeyMetadata: key.metadata }
      },
      DescribeKey: (body) => ({ KeyMetadata: this.#key(body['KeyId']).metadata }),
      ListKeys: () => ({ Keys: [...this.#keys.values()].map(({ id, arn }) => ({ KeyId: id, KeyArn: arn })) }),
      EnableKey: (body) => setState(body, 'Enabled'),
      DisableKey: (body) => setState(body, 'Disabled'),
      ScheduleKeyDeletion: (body) => {
        const key = this.#key(body['KeyId'])
        const days = Number(body['PendingWindowInDays'] ?? 30)
        key.state = 'PendingDeletion'
        const DeletionDate = Date.now() / 1000 + days * DAY_S
        return { KeyId: key.arn, DeletionDate, KeyState: key.state, PendingWindowInDays: days }
      },
      CancelKeyDeletion: (body) => {
        setState(body, 'Disabled')
        return { KeyId: this.#key(body['KeyId']).arn }
      },
      EnableKeyRotation: (body) => setState(body, 'Enabled'),
      GetKeyRotationStatus: (body) => ({ KeyId: this.#key(body['KeyId']).id, KeyRotationEnabled: true }),
      UpdateKeyDescription: (body) => this.#nothing(body),
    }
  }

  #aliasCalls(): Record<string, Operation> {
    const set = (body: Body): null => {
      this.#aliases.set(String(body['AliasName']), this.#key(body['TargetKeyId']).id)
      return null
    }
    return {
      CreateAlias: (body) => {
        if (this.#aliases.has(String(body['AliasName']))) throw new Failure('AlreadyExistsException')
        return set(body)
      },
      UpdateAlias: (body) => {
        if (!this.#aliases.has(String(body['AliasName']))) throw new Failure('NotFoundException')
        return set(body)
      },
      DeleteAlias: (body) => {
        if (!this.#aliases.delete(String(body['AliasName']))) throw new Failure('NotFoundException')
        return null
      },
      ListAliases: () => ({
        Aliases: [...this.#aliases].map(([AliasName, TargetKeyId]) => ({ AliasName, TargetKeyId })),
      }),
    }
  }

  /** Tags, policies and grants: only that they belong to a key counts. */
  #attached(): Record<string, Operation> {
    const empty = (body: Body): null => this.#nothing(body)
    const withKey = (answer: Body) => (body: Body) => this.#nothing(body) ?? answer
    return {
      ...{
        TagResource: empty,
        UntagResource: empty,
        PutKeyPolicy: empty,
        RevokeGrant: empty,
        RetireGrant: empty,
      },
      ListResourceTags: withKey({ Tags: [], Truncated: false }),
      GetKeyPolicy: withKey({ Policy: '{}', PolicyName: 'default' }),
      ListKeyPolicies: withKey({ PolicyNames: ['default'], Truncated: false }),
      CreateGrant: withKey({ GrantId: 'grant-1', GrantToken: 'secret-grant-token' }),
      ListGrants: withKey({ Grants: [], Truncated: false }),
    }
  }

  /** The answer to a request that only has to name a key. */
  #nothing(body: Body): null {
    this.#key(body['KeyId'])
    return null
  }

  /** By ARN, id, alias or alias ARN. */
  #key(name: unknown): KmsKey {
    const short = String(name)
      .replace(this.#prefix, '')
      .replace(/^key\//, '')
    const key = this.#keys.get(this.#aliases.get(short) ?? short)
    if (key === undefined) throw new Failure('NotFoundException')
    return key
  }

  #usable(body: Body): KmsKey {
    const key = this.#key(body['KeyId'])
    if (key.state === 'Disabled') throw new Failure('DisabledException')
    if (key.state !== 'Enabled') throw new Failure('KMSInvalidStateException')
    return key
  }

  #decrypt(blob: Buffer, context: unknown, named: unknown): { key: KmsKey; plain: Buffer } {
    const key = this.#keys.get(KmsKey.idOf(blob))
    if (key === undefined) throw new Failure('InvalidCiphertextException')
    if (named !== undefined && this.#key(named) !== key) throw new Failure('IncorrectKeyException')
    const plain = this.#usable({ KeyId: key.id }).decrypt(blob, context)
    if (plain === null) throw new Failure('InvalidCiphertextException')
    return { key, plain }
  }
}

function bytes(body: Body, name: string): Buffer {
  return Buffer.from(String(body[name]), 'base64')
}
