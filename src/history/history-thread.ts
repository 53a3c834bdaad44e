import { parentPort, workerData } from 'node:worker_threads'
import { type ClockOffset, movedClock } from '../clock.ts'
import { LimitHits } from '../limit-hits.ts'
import type { Bind } from '../listener/bind.ts'
import type { ServerTls } from '../listener/tls.ts'
import { readTlsFiles } from '../listener/tls-files.ts'
import { TlsReload } from '../listener/tls-reload.ts'
import { createLogger, type Logger } from '../log.ts'
import { Control, Queue, type SharedQueue } from '../recorder/queue.ts'
import { createSettle } from '../recorder/settle.ts'
import { openEnvironment } from '../store/environment.ts'
import { derivedKey } from '../store/meta.ts'
import { createReader } from '../store/query.ts'
import type { Retention } from '../store/ring.ts'
import type { HistoryAuth } from './auth.ts'
import { reverseDns } from './host-names.ts'
import type { HistoryLimits, Readiness } from './options.ts'
import type { HistoryTls } from './secure-server.ts'
import { createHistoryServer, type HistoryServer } from './server.ts'
import type { FromHistory, ToHistory } from './thread-message.ts'

/** What the history's thread starts with. */
export interface HistoryThreadData {
  readonly queue: SharedQueue
  /** The data directory. */
  readonly path: string
  readonly mapSize: number
  readonly retention: Retention
  readonly auth: HistoryAuth
  readonly bind: Bind
  readonly limits: Partial<HistoryLimits>
  readonly tls: ServerTls | null
  /** Of {@link LimitHits}. */
  readonly hits: SharedArrayBuffer
  /** Names by address. */
  readonly hostNames: Readonly<Record<string, string>>
  readonly reverseDns: 'off' | 'confirmed'
  /** Where the built console lies; null for none. */
  readonly consoleDir: string | null
  readonly logLevel: Parameters<typeof createLogger>[0]['level']
  readonly version: string
  readonly instance: string
  /** Added to the thread's own clock, in ms (tests move it). */
  readonly clockOffsetMs: ClockOffset
}

const data: HistoryThreadData = workerData
const clock = movedClock(data.clockOffsetMs)
const questions = new Map<number, (value: string | Readiness) => void>()
let asked = 0

function say(message: FromHistory): void {
  parentPort?.postMessage(message)
}

/** Metrics and readiness are known to the proxy's thread only. */
function ask(what: 'metrics' | 'readiness'): Promise<string | Readiness> {
  return new Promise((done) => {
    questions.set(++asked, done)
    say({ kind: 'ask', id: asked, what })
  })
}

async function start(): Promise<void> {
  const environment = openEnvironment({ path: data.path, access: 'read', mapSize: data.mapSize })
  const reader = createReader({ environment, retention: data.retention, clock })
  const settle = createSettle(data.queue)
  const { control } = new Queue(data.queue)
  const hits = new LimitHits(data.hits)
  const logger = createLogger({ level: data.logLevel })
  const tls = data.tls === null ? null : { settings: data.tls, material: readTlsFiles(data.tls) }
  const server = await createHistoryServer({
    reader,
    settle: async () => settle(),
    readiness: async () => (await ask('readiness')) as Readiness,
    metrics: async () => String(await ask('metrics')),
    auth: data.auth,
    cursorKey: derivedKey(environment.meta, 'cursors'),
    clock,
    version: data.version,
    instance: data.instance,
    limits: data.limits,
    applied: () => Atomics.load(control, Control.applied),
    hostNames: data.hostNames,
    lookup: data.reverseDns === 'confirmed' ? reverseDns() : null,
    consoleDir: data.consoleDir,
    tls,
    onLimit: (limit) => hits.hit(limit),
    logger,
  })
  const reload = tls === null ? null : followFiles(tls, server, logger)
  parentPort?.on('message', (message: ToHistory) => {
    if (message.kind === 'close') {
      reload?.close()
      void close(server, () => reader.close())
    } else if (message.kind === 'reload-tls') reload?.reload()
    else {
      questions.get(message.id)?.(message.value)
      questions.delete(message.id)
    }
  })
  const { url } = await server.listen(data.bind)
  say({ kind: 'listening', url })
}

function followFiles({ settings, material }: HistoryTls, server: HistoryServer, logger: Logger): TlsReload {
  return new TlsReload(settings, material, {
    use: (fresh) => server.useCertificates(fresh),
    reloaded: () => logger.info({}, 'history: new certificates are in use'),
    failed: ({ code, message }) =>
      logger.error({ code }, `history: new certificates were not taken: ${message}`),
  })
}

async function close(server: HistoryServer, closeReader: () => void): Promise<void> {
  await server.close()
  closeReader()
  parentPort?.close()
}

start().catch((error: Error) => {
  say({ kind: 'failed', code: 'code' in error ? String(error.code) : 'INTERNAL', message: error.message })
  // One that can't start ends, so that another may try.
  parentPort?.close()
})
