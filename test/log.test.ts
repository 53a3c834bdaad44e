import t from 'tap'
import { KeytrailError } from '../src/errors.ts'
import { createLogger, rateLimited } from '../src/log.ts'

interface Line {
  readonly level: string
  readonly time: string
  readonly err: { readonly stack?: string }
}

/** A log that is kept, with the lines it got so far. */
function keptLog(level: 'debug' | 'warn' | 'silent' = 'debug') {
  const written: string[] = []
  const logger = createLogger({ level, destination: { write: (line: string) => void written.push(line) } })
  return { logger, written, lines: () => written.map((line) => JSON.parse(line) as Line) }
}

t.test('one JSON line each, with the level and the time in words', async (t) => {
  const { logger, written, lines } = keptLog()
  logger.info({ listener: 'api' }, 'listening\nforged: line\u001b[31m')
  logger.fatal({}, 'no')
  t.equal(written.length, 2)
  t.equal(written[0]?.indexOf('\n'), (written[0]?.length ?? 0) - 1, 'one line, whatever the text')
  const [first, second] = lines()
  t.match(first, { level: 'info', listener: 'api', msg: 'listening\nforged: line\u001b[31m' })
  t.match(first?.time, /^\d{4}-\d\d-\d\dT[\d:.]+Z$/)
  t.notOk('pid' in (first ?? {}))
  t.equal(second?.level, 'fatal')
})

t.test('levels', async (t) => {
  const { logger, written } = keptLog('warn')
  logger.debug({}, 'x')
  logger.info({}, 'x')
  t.equal(written.length, 0)
  logger.warn({}, 'x')
  logger.error({}, 'x')
  t.equal(written.length, 2)
  const silent = keptLog('silent')
  silent.logger.fatal({}, 'x')
  t.equal(silent.written.length, 0)
})

t.test('a stack only for the unexpected', async (t) => {
  const { logger, lines } = keptLog()
  const cause = Object.assign(new Error('no space'), { code: 'ENOSPC' })
  logger.error({ err: new KeytrailError('STORE_UNWRITABLE', 'cannot write', { cause }) }, 'x')
  logger.error({ err: new TypeError('bug') }, 'x')
  logger.error({ err: 'text' }, 'x')
  logger.error({ err: new KeytrailError('INTERNAL', 'bug') }, 'x')
  const [operator, bug, text, internal] = lines().map((line) => line.err)
  t.match(operator, { code: 'STORE_UNWRITABLE', message: 'cannot write', cause: { code: 'ENOSPC' } })
  t.notOk('stack' in (operator ?? {}))
  t.match(bug?.stack, /log\.test/)
  t.strictSame(text, { message: 'text' })
  t.type(internal?.stack, 'string')
})

t.test('one line per code and interval', async (t) => {
  const { logger, lines } = keptLog()
  let now = 1000
  const limited = rateLimited(logger, 100, () => now)
  limited.warn('QUEUE_FULL', { queue: 1 }, 'queue full')
  limited.warn('QUEUE_FULL', {}, 'queue full')
  limited.error('INTERNAL', {}, 'oops')
  now = 1099
  limited.warn('QUEUE_FULL', {}, 'queue full')
  t.equal(lines().length, 2)
  t.match(lines()[0], { level: 'warn', code: 'QUEUE_FULL', queue: 1, msg: 'queue full' })
  t.notOk('suppressed' in (lines()[0] ?? {}))
  t.match(lines()[1], { level: 'error', code: 'INTERNAL' })
  now = 1100
  limited.warn('QUEUE_FULL', {}, 'queue full')
  t.match(lines()[2], { code: 'QUEUE_FULL', suppressed: 2 })
})

t.test('what was held back is told at the end', async (t) => {
  const { logger, lines } = keptLog()
  const limited = rateLimited(logger, 100, () => 0)
  for (let count = 0; count < 5; count++) limited.error('STORE_UNAVAILABLE', { secret: count }, 'refused')
  limited.warn('QUEUE_FULL', {}, 'once')
  limited.flush()
  t.equal(lines().length, 3)
  t.match(lines()[2], { level: 'error', code: 'STORE_UNAVAILABLE', suppressed: 4, msg: 'refused' })
  limited.flush()
  t.equal(lines().length, 3)
})

t.test('a clock set back does not silence the log', async (t) => {
  const { logger, lines } = keptLog()
  let now = 1_000_000
  const limited = rateLimited(logger, 100, () => now)
  limited.warn('A', {}, 'x')
  now = 0
  limited.warn('A', {}, 'x')
  t.equal(lines().length, 2)
})

t.test('made-up codes share one allowance', async (t) => {
  const { logger, lines } = keptLog()
  const limited = rateLimited(logger, 100, () => 0)
  for (let count = 0; count < 1000; count++) limited.warn(`CODE_${count}`, {}, 'x')
  t.equal(lines().length, 257)
})
