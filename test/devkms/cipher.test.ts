import fc from 'fast-check'
import t from 'tap'
import { decrypt, encrypt } from '../../src/devkms/cipher.ts'
import type { Key } from '../../src/devkms/key.ts'
import { KeyStore } from '../../src/devkms/key-store.ts'
import type { KeyType } from '../../src/devkms/material.ts'
import { rotate } from '../../src/devkms/rotation.ts'
import { formatVersioned, parseVersioned } from '../../src/devkms/versioned-text.ts'

const none = Buffer.alloc(0)

async function makeKey(
  keyType: KeyType,
  options: { versions?: number; isConvergent?: boolean } = {},
): Promise<Key> {
  const key = await new KeyStore(() => 0).create({
    keyName: 'cipher-test',
    keyType,
    protectionType: 'BASIC',
    isConvergent: options.isConvergent ?? false,
    isAutoRotation: false,
    rotationPeriod: 90,
    memo: '',
  })
  for (let made = 1; made < (options.versions ?? 1); made += 1) await rotate(key, 0)
  return key
}

const bytes = (most: number) =>
  fc.uint8Array({ minLength: 1, maxLength: most }).map((array) => Buffer.from(array))

/** The key as it was when it had so many versions. */
const asOf = (key: Key, versions: number): Key => ({ ...key, versions: key.versions.slice(0, versions) })

for (const isConvergent of [false, true]) {
  t.test(
    `${isConvergent ? 'convergent ' : ''}AES: every version's ciphertext decrypts, in its context only`,
    async (t) => {
      const key = await makeKey('AES256', { versions: 5, isConvergent })
      fc.assert(
        fc.property(
          bytes(2000),
          bytes(50),
          bytes(50),
          fc.integer({ min: 1, max: 5 }),
          (plaintext, context, other, n) => {
            const ciphertext = encrypt(asOf(key, n), plaintext, context)
            t.match(ciphertext, new RegExp(`^ncpkms:v${n}:`))
            t.ok(decrypt(key, ciphertext, context).equals(plaintext))
            if (!other.equals(context))
              t.throws(() => decrypt(key, ciphertext, other), { code: 'INVALID_CIPHERTEXT' })
          },
        ),
      )
    },
  )
}

t.test('any changed byte of an AES ciphertext is noticed', async (t) => {
  const key = await makeKey('AES256', { versions: 2 })
  fc.assert(
    fc.property(bytes(100), fc.nat(), fc.integer({ min: 1, max: 255 }), (plaintext, position, change) => {
      const parsed = parseVersioned(encrypt(key, plaintext, none))
      if (parsed === null) throw new Error('expected a versioned text')
      const at = position % parsed.bytes.length
      parsed.bytes[at] = (parsed.bytes[at] ?? 0) ^ change
      t.throws(() => decrypt(key, formatVersioned(2, parsed.bytes), none), { code: 'INVALID_CIPHERTEXT' })
    }),
  )
})

t.test('a ciphertext belongs to one version of one key', async (t) => {
  const [key, other] = [await makeKey('AES256', { versions: 2 }), await makeKey('AES256')]
  const ciphertext = encrypt(key, Buffer.from('secret'), none)
  const moved = ciphertext.replace('ncpkms:v2:', 'ncpkms:v1:')
  t.throws(() => decrypt(key, moved, none), { code: 'INVALID_CIPHERTEXT' })
  t.throws(() => decrypt(other, moved, none), { code: 'INVALID_CIPHERTEXT' })
  t.throws(() => decrypt(other, ciphertext, none), { code: 'KEY_VERSION_NOT_FOUND' })
})

t.test('only a convergent key gives the same ciphertext twice, and only in the same context', async (t) => {
  const [plain, convergent] = [await makeKey('AES256'), await makeKey('AES256', { isConvergent: true })]
  const [text, context, other] = [Buffer.from('same'), Buffer.from('a'), Buffer.from('b')]
  t.not(encrypt(plain, text, context), encrypt(plain, text, context))
  t.equal(encrypt(convergent, text, context), encrypt(convergent, text, context))
  t.not(encrypt(convergent, text, context), encrypt(convergent, text, other))
  t.throws(() => encrypt(convergent, text, none), { code: 'INVALID_PARAMETER' })
})

t.test('RSA encrypts up to 190 bytes, in its context', async (t) => {
  const key = await makeKey('RSA2048')
  const [longest, context] = [Buffer.alloc(190, 7), Buffer.from('context')]
  const ciphertext = encrypt(key, longest, context)
  t.ok(decrypt(key, ciphertext, context).equals(longest))
  t.throws(() => decrypt(key, ciphertext, none), { code: 'INVALID_CIPHERTEXT' })
  t.throws(() => encrypt(key, Buffer.alloc(191), none), { code: 'INVALID_PARAMETER' })
})

t.test('an ECDSA key does not encrypt', async (t) => {
  const key = await makeKey('ECDSA')
  t.throws(() => encrypt(key, Buffer.from('x'), none), { code: 'UNSUPPORTED_KEY_TYPE' })
  t.throws(() => decrypt(key, 'ncpkms:v1:AAAA', none), { code: 'UNSUPPORTED_KEY_TYPE' })
})

t.test('a disabled version decrypts nothing until it is enabled', async (t) => {
  const key = await makeKey('AES256', { versions: 2 })
  const ciphertext = encrypt(asOf(key, 1), Buffer.from('old'), none)
  const [first] = key.versions
  if (first === undefined) throw new Error('expected a version')
  first.enabled = false
  t.throws(() => decrypt(key, ciphertext, none), { code: 'INVALID_KEY_VERSION_STATE' })
  first.enabled = true
  t.equal(decrypt(key, ciphertext, none).toString(), 'old')
})

t.test('whatever is no ciphertext is refused as one', async (t) => {
  const key = await makeKey('AES256')
  const short = [
    '',
    'ncpkms:v1:',
    'ncpkms:v1:AAAA',
    'ncpkms:v0:AAAA',
    'ncpkms:v1:AAA',
    'NCPKMS:v1:AAAA',
    'ncpkms:v1:AAA=\n',
  ]
  for (const text of short) t.throws(() => decrypt(key, text, none), { code: 'INVALID_CIPHERTEXT' }, text)
  fc.assert(
    fc.property(fc.string(), (text) => {
      t.throws(() => decrypt(key, text, none), { name: 'KmsFailure' })
    }),
  )
})
