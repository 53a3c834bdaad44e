import { execFileSync } from 'node:child_process'
import { closeSync, constants, existsSync, openSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
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

/** A pipe; whoever reads it is at a distance. */
function openPipe(t: Test) {
  const path = join(t.testdir({}), 'pipe')
  execFileSync('mkfifo', [path])
  const reading = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
  const writing = openSync(path, constants.O_WRONLY)
  return { writing, hangUp: () => closeSync(reading) }
}

t.test('lines go to a file descriptor, in order, and a flush waits for them', async (t) => {
  const path = join(t.testdir({}), 'log')
  const descriptor = openSync(path, 'a')
  t.teardown(() => closeSync(descriptor))
  const log = createLogger({ level: 'info', destination: descriptor })
  for (let line = 0; line < 1000; line++) log.info({ line }, 'x')
  await log.flush(10_000)
  const lines = readFileSync(path, 'utf8').trimEnd().split('\n')
  t.strictSame(
    lines.map((line) => (JSON.parse(line) as { line: number }).line),
    Array.from({ length: 1000 }, (_, line) => line),
  )
  t.equal(log.lost(), 0)
  await log.flush(10_000)
  t.pass('with nothing to wait for')
})

t.test('a reader that is stuck stops nothing; what it misses is counted', async (t) => {
  const { writing, hangUp } = openPipe(t)
  const log = createLogger({ level: 'info', destination: writing })
  for (let line = 0; line < 20_000; line++) log.info({}, 'x'.repeat(100))
  t.ok(log.lost() > 5000)
  await log.flush(10)
  t.pass('a flush gives up')
  hangUp()
})

t.test('a reader that has gone stops nothing', async (t) => {
  const { writing, hangUp } = openPipe(t)
  hangUp()
  const log = createLogger({ level: 'info', destination: writing })
  log.info({}, 'nobody reads this')
  await log.flush(10_000)
  log.info({}, 'nor this')
  await log.flush(10_000)
  t.equal(log.lost(), 1)
})

t.test('an output that fails is survived', { skip: !existsSync('/dev/full') }, async (t) => {
  const descriptor = openSync('/dev/full', 'w')
  t.teardown(() => closeSync(descriptor))
  const log = createLogger({ level: 'info', destination: descriptor })
  for (let round = 0; round < 3; round++) {
    log.info({ round }, 'no space left on device')
    await log.flush(100)
  }
  t.pass()
})
