import { parentPort, workerData } from 'node:worker_threads'
import { type Durability, Journal } from './journal.ts'
import { Queue, type SharedQueue } from './queue.ts'
import { ACKNOWLEDGEMENT, threadFailure } from './thread-message.ts'

/** What the journal's thread starts with. */
export interface JournalThreadData {
  readonly queue: SharedQueue
  readonly directory: string
  readonly segmentBytes: number
  readonly durability: Durability
  readonly instance: Uint8Array
  readonly position: number
  readonly sequence: number
  readonly resumedAfter: Error | null
}

const data: JournalThreadData = workerData
new Journal({
  ...data,
  queue: new Queue(data.queue),
  acknowledge: () => parentPort?.postMessage(ACKNOWLEDGEMENT),
  failed: (error) => parentPort?.postMessage(threadFailure(error)),
}).run()
