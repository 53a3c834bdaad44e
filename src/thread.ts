import { Worker } from 'node:worker_threads'

/**
 * Starts the worker thread whose module stands beside `importer` (its `import.meta.url`) under `name`, in the
 * form this process runs: TypeScript in the tests, JavaScript in the package.
 */
export function startThread(importer: string, name: string, workerData: unknown): Worker {
  const extension = importer.slice(importer.lastIndexOf('.'))
  // What the main thread was told to load first (tracing, a test runner's hooks) is not for ours.
  const flags = extension === '.js' ? { execArgv: [] } : {}
  return new Worker(new URL(`${name}${extension}`, importer), { workerData, name, ...flags })
}

/** Resolves once the thread has ended, also where it ends with an error: that is for whoever watches it. */
export async function threadEnd(thread: Worker): Promise<void> {
  if (thread.threadId === -1) return
  await new Promise((done) => thread.once('exit', done))
}

export interface KeptThreadOptions<Message> {
  /** Starts the next one. */
  start(): Worker
  /** Told of each message, whichever thread sends it. */
  message(message: Message): void
  /** It has ended unasked; another one is started in `restartMs`. */
  ended(error: Error, restartMs: number): void
}

const FIRST_RESTART_MS = 100
const LAST_RESTART_MS = 10_000
/** One that has run for so long has proved itself: the next restart is a first one. */
const PROVED_MS = 60_000

/**
 * A thread that is started anew whenever it ends unasked: after 100 ms, then after twice as long each time, at most
 * 10 s. What it says before it is kept is lost.
 */
export class KeptThread<Message> {
  readonly #options: KeptThreadOptions<Message>
  #thread: Worker
  #restartMs = FIRST_RESTART_MS
  #timer: NodeJS.Timeout | undefined
  #closing = false

  constructor(first: Worker, options: KeptThreadOptions<Message>) {
    this.#options = options
    this.#thread = first
    this.#keep(first)
  }

  /** To the thread that is running; lost where none is. */
  post(message: unknown): void {
    this.#thread.postMessage(message)
  }

  /** Starts no more of them, and resolves once the last has ended: whoever calls this has told it to. */
  async close(): Promise<void> {
    this.#closing = true
    clearTimeout(this.#timer)
    await threadEnd(this.#thread)
  }

  #keep(thread: Worker): void {
    const started = performance.now()
    let error = new Error('it ended without saying why')
    thread.on('message', (message: Message) => this.#options.message(message))
    thread.on('error', (thrown: Error) => {
      error = thrown
    })
    thread.on('exit', () => {
      if (this.#closing) return
      if (performance.now() - started > PROVED_MS) this.#restartMs = FIRST_RESTART_MS
      this.#options.ended(error, this.#restartMs)
      this.#timer = setTimeout(() => this.#restart(), this.#restartMs)
      this.#restartMs = Math.min(this.#restartMs * 2, LAST_RESTART_MS)
    })
  }

  #restart(): void {
    this.#thread = this.#options.start()
    this.#keep(this.#thread)
  }
}
