import { once } from 'node:events'
import type { Worker } from 'node:worker_threads'
import { type ErrorCode, KeytrailError } from '../errors.ts'
import { KeptThread, startThread } from '../thread.ts'
import type { HistoryThreadData } from './history-thread.ts'
import type { Readiness } from './options.ts'
import type { FromHistory, ToHistory } from './thread-message.ts'

/** What only the proxy's thread knows. */
export interface Answers {
  metrics(): Promise<string>
  readiness(): Promise<Readiness>
}

/** Told when the thread has ended unasked; another one is started in `restartMs`. */
export type OnEnded = (error: Error, restartMs: number) => void

/** What is said where the proxy's thread fails to answer. */
const NO_ANSWER = {
  metrics: '',
  readiness: { ready: false, reasons: ['the proxy gives no answer'] },
} as const

/**
 * The history API in a thread of its own: whatever is asked of it, the proxy's event loop goes on. A thread that ends
 * is started anew, on the same port.
 */
export class History {
  readonly url: string
  readonly #thread: KeptThread<FromHistory>

  /** Rejects with what the server reports: `ADDRESS_IN_USE`, `ADDRESS_UNAVAILABLE`, `CONFIG_INVALID`, `TLS_INVALID`. */
  static async start(data: HistoryThreadData, answers: Answers, ended: OnEnded): Promise<History> {
    const thread = startThread(import.meta.url, './history-thread', data)
    const [message] = (await once(thread, 'message')) as [FromHistory]
    if (message.kind === 'listening') return new History(thread, message.url, { data, answers, ended })
    await thread.terminate()
    if (message.kind === 'failed') throw new KeytrailError(message.code as ErrorCode, message.message)
    throw new KeytrailError('INTERNAL', 'the history’s thread asked before it listened')
  }

  private constructor(
    thread: Worker,
    url: string,
    { data, answers, ended }: { data: HistoryThreadData; answers: Answers; ended: OnEnded },
  ) {
    this.url = url
    // Where it was asked to take any port, those after it take the same one.
    const bind = { ...data.bind, port: Number(new URL(url).port) || data.bind.port }
    this.#thread = new KeptThread(thread, {
      start: () => startThread(import.meta.url, './history-thread', { ...data, bind }),
      message: (message) => {
        if (message.kind !== 'ask') return
        const { id, what } = message
        this.#answer(id, what, answers).catch(() => this.#say({ kind: 'answer', id, value: NO_ANSWER[what] }))
      },
      ended,
    })
  }

  /** Has the certificates read again; what comes of it is logged. */
  reloadTls(): void {
    this.#say({ kind: 'reload-tls' })
  }

  async close(): Promise<void> {
    this.#say({ kind: 'close' })
    await this.#thread.close()
  }

  async #answer(id: number, what: 'metrics' | 'readiness', answers: Answers): Promise<void> {
    const value = what === 'metrics' ? await answers.metrics() : await answers.readiness()
    this.#say({ kind: 'answer', id, value })
  }

  #say(message: ToHistory): void {
    this.#thread.post(message)
  }
}
