import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { parentPort, workerData } from 'node:worker_threads'
import { openEnvironment } from '../store/environment.ts'
import type { JournalMark } from '../store/journal-mark.ts'
import { derivedKey } from '../store/meta.ts'
import type { Retention } from '../store/ring.ts'
import { StoreWriter } from '../store/writer.ts'
import { Applier } from './applier.ts'
import { LiveSegments } from './live-segments.ts'
import { Control, Queue, type SharedQueue } from './queue.ts'
import { type Recovery, recover } from './recovery.ts'
import { syncDirectory } from './slots.ts'
import { type Renewal, threadFailure } from './thread-message.ts'

/** What the applying thread starts with. */
export interface ApplyThreadData {
  readonly queue: SharedQueue
  /** The data directory. */
  readonly path: string
  readonly mapSize: number
  readonly segmentBytes: number
  readonly maxSegments: number
  readonly retention: Retention
  readonly maxRings: number
  /** Added to the thread's own clock, in ms (tests move it). */
  readonly clockOffsetMs: number
}

/** Sent once the store is open and recovered. */
export interface StoreOpened {
  readonly kind: 'opened'
  readonly instance: Uint8Array
  readonly credentialKey: Uint8Array
  readonly directory: string
  readonly recovery: Recovery
}

const data: ApplyThreadData = workerData
const clock = (): number => Date.now() + data.clockOffsetMs

function open(): { writer: StoreWriter; opened: StoreOpened; close: () => Promise<void> } {
  const directory = join(data.path, 'journal')
  mkdirSync(directory, { recursive: true, mode: 0o700 })
  const environment = openEnvironment({ path: data.path, access: 'write', mapSize: data.mapSize })
  const writer = new StoreWriter({ ...data, environment })
  const opened: StoreOpened = {
    kind: 'opened',
    instance: writer.instance,
    credentialKey: derivedKey(environment.meta, 'credentials'),
    directory,
    recovery: recover(directory, writer, clock()),
  }
  syncDirectory(data.path)
  return { writer, opened, close: () => environment.close() }
}

async function run(): Promise<void> {
  const queue = new Queue(data.queue)
  const { writer, opened, close } = open()
  const { position, free, dirty } = opened.recovery
  const slotMade = (slot: number): void => noteSlot(writer, slot)
  const segments = new LiveSegments({ ...data, queue, directory: opened.directory, free, dirty, slotMade })
  while (!segments.hasFree) segments.cleanSlice()
  for (const place of [Control.head, Control.committed, Control.applied]) queue.publish(place, position)
  parentPort?.postMessage(opened)
  const failed = (error: Error | null): void => parentPort?.postMessage(threadFailure(error))
  const renew = (entry: Uint8Array): void =>
    parentPort?.postMessage({ kind: 'renew', entry } satisfies Renewal)
  const applier = new Applier({ queue, writer, segments, position, clock, failed, renew })
  applier.run()
  if (applier.finished) changeMark(writer, { clean: true })
  await close()
}

/** A start that does not find the file of a slot that was used knows that something is missing. */
function noteSlot(writer: StoreWriter, slot: number): void {
  const { slots } = writer.mark
  if (!slots.includes(slot)) changeMark(writer, { slots: [...slots, slot] })
}

function changeMark(writer: StoreWriter, change: Partial<JournalMark>): void {
  const mark = { ...writer.mark, ...change }
  writer.commit(writer.position, clock(), () => writer.setMark(mark))
}

await run().catch((error: Error) => parentPort?.postMessage(threadFailure(error)))
