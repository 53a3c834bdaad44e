import { type DestinationStream, type LoggerOptions, pino } from 'pino'
import { KeytrailError } from './errors.ts'

type LogLevel = 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal' | 'silent'

/** Writes one line. `fields` must hold no secret; an error goes into `err`, a stable code into `code`. */
export type WriteLine = (fields: Readonly<Record<string, unknown>>, message: string) => void

/** What the rest of the code knows of the log. */
export interface Logger {
  readonly debug: WriteLine
  readonly info: WriteLine
  readonly warn: WriteLine
  readonly error: WriteLine
  readonly fatal: WriteLine
}

/** A log that says each thing once per interval, however often it happens. */
export interface RateLimitedLogger {
  warn(code: string, fields: Readonly<Record<string, unknown>>, message: string): void
  error(code: string, fields: Readonly<Record<string, unknown>>, message: string): void
  /** Writes one last line for each code that was held back; for shutdown. */
  flush(): void
}

/** The log itself, which may be behind what was written to it. */
export interface Log extends Logger {
  /** Waits until everything is out, or nobody reads it any more, but at most `timeoutMs`; call it before exiting. */
  flush(timeoutMs: number): Promise<void>
  /** Lines that were dropped so far, because the reader was too slow or has gone. */
  lost(): number
}

interface LogOptions {
  readonly level: LogLevel
  /** A file descriptor (standard output by default), or what takes whole lines. */
  readonly destination?: number | DestinationStream
}

interface Output extends DestinationStream {
  readonly flush: (timeoutMs: number) => Promise<void>
  readonly lost: () => number
}

/**
 * Bytes that may wait for a slow reader. Further lines are dropped: the log must neither stop the proxy nor
 * fill its memory.
 */
const MAX_WAITING = 1024 * 1024

/** Further codes than these share one allowance, so that the table stays small whatever is logged. */
const MAX_CODES = 256
const OTHER_CODES = '(other)'

/** A log of JSON lines: `level`, `time` (ISO 8601), `code` where there is one, `msg`. Never throws, never waits. */
export function createLogger({ level, destination = 1 }: LogOptions): Log {
  const settings: LoggerOptions = {
    level,
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label) => ({ level: label }) },
    serializers: { err: describeError },
  }
  const output = typeof destination === 'number' ? openOutput(destination) : plainOutput(destination)
  const logger = pino(settings, output)
  return {
    debug: (fields, message) => logger.debug(fields, message),
    info: (fields, message) => logger.info(fields, message),
    warn: (fields, message) => logger.warn(fields, message),
    error: (fields, message) => logger.error(fields, message),
    fatal: (fields, message) => logger.fatal(fields, message),
    flush: output.flush,
    lost: output.lost,
  }
}

function plainOutput(destination: DestinationStream): Output {
  return { write: (line) => destination.write(line), flush: async () => {}, lost: () => 0 }
}

function openOutput(descriptor: number): Output {
  const stream = pino.destination({ dest: descriptor, sync: false, minLength: 1, maxLength: MAX_WAITING })
  // pino calls this at exit, and where the reader has gone (EPIPE) it never returns: flush() is ours
  stream.flushSync = () => {}
  let lost = 0
  let gone = false
  stream.on('drop', () => lost++)
  // a full disk behind standard output is no reason to stop: the lines wait, then are dropped
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') gone = true
  })
  return {
    write(line) {
      if (gone) lost++
      else stream.write(line)
    },
    flush: (timeoutMs) =>
      new Promise((resolve) => {
        const timer = setTimeout(resolve, timeoutMs)
        const done = () => {
          clearTimeout(timer)
          resolve()
        }
        if (gone) done()
        else stream.flush(done)
      }),
    lost: () => lost,
  }
}

/** A stack only for what nobody expected: an operator's mistake is told by its code and message. */
function describeError(error: unknown): unknown {
  if (!(error instanceof Error)) return { message: String(error) }
  const code = 'code' in error && typeof error.code === 'string' ? { code: error.code } : {}
  const cause = error.cause === undefined ? {} : { cause: describeError(error.cause) }
  const stack = error instanceof KeytrailError && error.code !== 'INTERNAL' ? {} : { stack: error.stack }
  return { ...code, message: error.message, ...cause, ...stack }
}

interface Allowance {
  until: number
  suppressed: number
  write: WriteLine
  message: string
}

/**
 * Lets through one line per code in `intervalMs`; the next one carries how many were held back in `suppressed`.
 * `clock` gives ms.
 */
export function rateLimited(logger: Logger, intervalMs: number, clock: () => number): RateLimitedLogger {
  const allowances = new Map<string, Allowance>()
  const say = (
    write: WriteLine,
    code: string,
    fields: Readonly<Record<string, unknown>>,
    message: string,
  ) => {
    const bucket = allowances.has(code) || allowances.size < MAX_CODES ? code : OTHER_CODES
    const allowance = allowances.get(bucket)
    const now = clock()
    // a clock that was set back must not silence the log
    if (allowance !== undefined && now < allowance.until && now >= allowance.until - intervalMs) {
      allowance.suppressed++
      return
    }
    const suppressed = allowance?.suppressed ?? 0
    allowances.set(bucket, { until: now + intervalMs, suppressed: 0, write, message })
    write(suppressed === 0 ? { ...fields, code } : { ...fields, code, suppressed }, message)
  }
  return {
    warn: (code, fields, message) => say(logger.warn, code, fields, message),
    error: (code, fields, message) => say(logger.error, code, fields, message),
    flush() {
      for (const [code, { suppressed, write, message }] of allowances) {
        if (suppressed > 0) write({ code, suppressed }, message)
      }
      allowances.clear()
    },
  }
}
