import fc from 'fast-check'
import t from 'tap'
import { createCursors, MAX_CURSOR_LENGTH } from '../../src/history/cursor.ts'

const secret = new Uint8Array(32).fill(1)

t.test('what was sealed opens, in its own scope only', async (t) => {
  const cursors = createCursors(secret)
  const cursor = cursors.seal('a', '17')
  t.equal(cursors.open('a', cursor), '17')
  t.throws(() => cursors.open('b', cursor), { code: 'CURSOR_INVALID' })
  t.equal(createCursors(secret).open('a', cursor), '17', 'outlives a restart with the same key')
  t.throws(() => createCursors(secret.map((byte) => byte ^ 1)).open('a', cursor), { code: 'CURSOR_INVALID' })
  t.notOk(cursors.seal('a', 'secret-key').includes(Buffer.from('secret-key').toString('base64url')))
})

t.test('the longest position fits', async (t) => {
  t.ok(createCursors(secret).seal('', 'x'.repeat(1024)).length <= MAX_CURSOR_LENGTH)
})

t.test('a short secret is refused', async (t) => {
  t.throws(() => createCursors(new Uint8Array(15)), { code: 'CONFIG_INVALID' })
})

t.test('property: every position comes back, and no altered cursor opens', async (t) => {
  const cursors = createCursors(secret)
  const base64url = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_=+/. \0é'
  const edit = fc.record({
    at: fc.nat(),
    insert: fc.string({ unit: fc.constantFrom(...base64url), maxLength: 3 }),
    remove: fc.nat(3),
  })
  fc.assert(
    fc.property(
      fc.string({ unit: 'grapheme' }),
      fc.string({ unit: 'grapheme' }),
      edit,
      (scope, position, edit) => {
        const cursor = cursors.seal(scope, position)
        if (cursors.open(scope, cursor) !== position) return false
        const at = edit.at % (cursor.length + 1)
        const altered = cursor.slice(0, at) + edit.insert + cursor.slice(at + edit.remove)
        if (altered === cursor) return true
        try {
          cursors.open(scope, altered)
          return false
        } catch (error) {
          return (error as { code: string }).code === 'CURSOR_INVALID'
        }
      },
    ),
    { numRuns: 3000 },
  )
  t.pass()
})

t.test('property: no text at all is a cursor', async (t) => {
  const cursors = createCursors(secret)
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      try {
        cursors.open('', text)
        return false
      } catch (error) {
        return (error as { code: string }).code === 'CURSOR_INVALID'
      }
    }),
  )
  t.pass()
})
