import { once } from 'node:events'
import type { Worker } from 'node:worker_threads'
import { type ErrorCode, KeytrailError } from '../errors.ts'
import { startThread, threadEnd } from '../thread.ts'
import type { HistoryThreadData } from './history-thread.ts'
import type { Readiness } from './options.ts'
import type { FromHistory, ToHistory } from './thread-message.ts'

/** What only the proxy's thread knows. */
export interface Answers {
  metrics(): Promise<string>
  readiness(): Promise<Readiness>
}

/** What is said where the proxy's thread fails to answer. */
const NO_ANSWER = {
  metrics: '',
  readiness: { ready: false, reasons: ['the proxy gives no answer'] },
} as const

/** The history API in a thread of its own: whatever is asked of it, the proxy's event loop goes on. */
export class History {
  readonly url: string
  readonly #thread: Worker

  /** Rejects with what the server reports: `ADDRESS_IN_USE`, `ADDRESS_UNAVAILABLE`, `CONFIG_INVALID`, `TLS_INVALID`. */
  static async start(data: HistoryThreadData, answers: Answers, ended: () => void): Promise<History> {
    const thread = startThread(import.meta.url, './history-thread', data)
    const [message] = (await once(thread, 'message')) as [FromHistory]
    if (message.kind === 'listening') return new History(thread, message.url, answers, ended)
    await thread.terminate()
    if (message.kind === 'failed') throw new KeytrailError(message.code as ErrorCode, message.message)
    throw new KeytrailError('INTERNAL', 'the history’s thread asked before it listened')
  }

  private constructor(thread: Worker, url: string, answers: Answers, ended: () => void) {
    this.#thread = thread
    this.url = url
    thread.on('message', (message: FromHistory) => {
      if (message.kind !== 'ask') return
      const { id, what } = message
      this.#answer(id, what, answers).catch(() => this.#say({ kind: 'answer', id, value: NO_ANSWER[what] }))
    })
    thread.on('error', ended)
  }

  /** Has the certificates read again; what comes of it is logged. */
  reloadTls(): void {
    this.#say({ kind: 'reload-tls' })
  }

  async close(): Promise<void> {
    this.#say({ kind: 'close' })
    await threadEnd(this.#thread)
  }

  async #answer(id: number, what: 'metrics' | 'readiness', answers: Answers): Promise<void> {
    const value = what === 'metrics' ? await answers.metrics() : await answers.readiness()
    this.#say({ kind: 'answer', id, value })
  }

  #say(message: ToHistory): void {
    this.#thread.postMessage(message)
  }
}
