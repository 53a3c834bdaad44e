import t from 'tap'
import { errorText } from '../../src/command/error-text.ts'
import { ExitCode, exitCodeOf } from '../../src/command/exit-code.ts'
import { type ErrorCode, KeytrailError } from '../../src/errors.ts'

t.test('a mistake is told by its code and message, without a stack', async (t) => {
  const error = new KeytrailError('CONFIG_INVALID', 'two problems:\n  - a\n  - \u001b[2Jb', {
    cause: new Error('x'),
  })
  for (const debug of [false, true])
    t.equal(errorText(error, debug), 'keytrail: CONFIG_INVALID: two problems:\n  - a\n  - \\u{1b}[2Jb\n')
})

t.test('what nobody expected is INTERNAL, with its stack where that is asked for', async (t) => {
  const error = new TypeError('boom')
  t.match(errorText(error, false), /^keytrail: INTERNAL: boom\n.*KEYTRAIL_DEBUG=1.*\n$/)
  t.match(errorText(error, true), /^keytrail: INTERNAL: boom\nTypeError: boom\n {4}at /)
  t.match(errorText('just text', false), /^keytrail: INTERNAL: just text\n/)
  t.match(errorText(new KeytrailError('INTERNAL', 'known'), true), /^keytrail: INTERNAL: known\n.*\n {4}at /)
})

t.test('each kind of error has its exit code', async (t) => {
  const codes: readonly [ErrorCode, number][] = [
    ['KEY_UNKNOWN', ExitCode.no],
    ['DIALECT_INVALID', ExitCode.usage],
    ['QUERY_INVALID', ExitCode.usage],
    ['STORE_LOCKED', ExitCode.store],
    ['ADDRESS_IN_USE', ExitCode.address],
    ['INTERNAL', ExitCode.internal],
  ]
  for (const [code, exitCode] of codes) t.equal(exitCodeOf(new KeytrailError(code, '')), exitCode, code)
  t.equal(exitCodeOf(new Error('boom')), ExitCode.internal)
})
