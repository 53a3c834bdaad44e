import fc from 'fast-check'
import t from 'tap'
import { formatVersioned, parseVersioned } from '../../src/devkms/versioned-text.ts'

t.test('what was formatted is read back', async (t) => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 999 }), fc.uint8Array({ minLength: 1 }), (version, array) => {
      const bytes = Buffer.from(array)
      t.same(parseVersioned(formatVersioned(version, bytes)), { version, bytes })
    }),
  )
})

t.test('there is one spelling only', async (t) => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.string().map((text) => `ncpkms:v1:${text}`),
      ),
      (text) => {
        const parsed = parseVersioned(text)
        if (parsed !== null) t.equal(formatVersioned(parsed.version, parsed.bytes), text)
      },
    ),
    { examples: [['ncpkms:v1:QQ=='], ['ncpkms:v1:QR=='], ['ncpkms:v1:QQ'], ['ncpkms:v01:QQ==']] },
  )
  t.equal(parseVersioned('ncpkms:v1:QR=='), null, 'stray bits')
  t.equal(parseVersioned('ncpkms:v1:QQ'), null, 'missing padding')
})
