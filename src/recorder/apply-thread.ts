import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { parentPort, workerData } from 'node:worker_threads'
import { type ClockOffset, movedClock, movedMonotonic } from '../clock.ts'
import { LimitHits } from '../limit-hits.ts'
import { takeAcceptance } from '../store/clock-acceptance.ts'
import { ClockHold, clockStateOf } from '../store/clock-hold.ts'
import { type Environment, openEnvironment } from '../store/environment.ts'
import type { JournalMark } from '../store/journal-mark.ts'
import { derivedKey } from '../store/meta.ts'
import type { Retention } from '../store/ring.ts'
import { syncDirectory } from '../store/sync-directory.ts'
import { StoreWriter } from '../store/writer.ts'
import { Applier } from './applier.ts'
import type { Durability } from './journal.ts'
import { LiveSegments } from './live-segments.ts'
import { machineBoot } from './machine-boot.ts'
import { OpenIntents } from './open-intents.ts'
import { Control, Queue, type SharedQueue } from './queue.ts'
import { type Recovery, recover } from './recovery.ts'
import { type Held, takeOver } from './take-over.ts'
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
  readonly durability: Durability
  /** Of {@link LimitHits}. */
  readonly hits?: SharedArrayBuffer
  /** Added to the thread's own clock, in ms (tests move it). */
  readonly clockOffsetMs: ClockOffset
  /** Whether it goes on for one that has ended, instead of opening the store for the first time. */
  readonly takesOver: boolean
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
const wall = movedClock(data.clockOffsetMs)
const directory = join(data.path, 'journal')
const queue = new Queue(data.queue)
/** Destructions carried out in one transaction. */
const DESTRUCTION_LIMIT = 200

interface OpenStore {
  readonly environment: Environment
  readonly writer: StoreWriter
  /** The time that may destroy something, Unix ms. */
  readonly clock: () => number
}

/** What the rings go on from. */
interface Beginning extends Held {
  readonly position: number
}

function open(): OpenStore {
  mkdirSync(directory, { recursive: true, mode: 0o700 })
  const environment = openEnvironment({ path: data.path, access: 'write', mapSize: data.mapSize })
  const hold = new ClockHold({
    ...{ wall, monotonic: movedMonotonic(data.clockOffsetMs), state: clockStateOf(environment.meta) },
    accepted: (now) => takeAcceptance(data.path, now),
  })
  const clock = (): number => {
    const now = hold.now()
    Atomics.store(queue.control, Control.clockAhead, Math.min(Math.ceil(hold.ahead / 1000), 2 ** 31 - 1))
    return now
  }
  const hits = new LimitHits(data.hits)
  const onFull = (): void => hits.hit('limits.rings')
  return { environment, writer: new StoreWriter({ ...data, environment, hold, onFull }), clock }
}

/** Recovers the store and tells what it found; begins the queue. */
function begin({ environment, writer, clock }: OpenStore): Beginning {
  const run = { durability: data.durability, boot: machineBoot(), time: wall() }
  const recovery = recover(directory, writer, clock(), run)
  destroyDue(writer, clock())
  syncDirectory(data.path)
  const { position, free, dirty } = recovery
  const slotMade = (slot: number): void => noteSlot(writer, slot, clock())
  const segments = new LiveSegments({ ...data, queue, directory, free, dirty, slotMade })
  while (!segments.hasFree) segments.cleanSlice()
  for (const place of [Control.head, Control.committed, Control.applied]) queue.publish(place, position)
  parentPort?.postMessage({
    kind: 'opened',
    instance: writer.instance,
    credentialKey: derivedKey(environment.meta, 'credentials'),
    directory,
    recovery,
  } satisfies StoreOpened)
  return { position, segments, intents: new OpenIntents(segments) }
}

/** Goes on behind the last transaction of the thread that has ended. */
function goOn({ writer, clock }: OpenStore): Beginning {
  const { position } = writer
  const slotMade = (slot: number): void => noteSlot(writer, slot, clock())
  const held = takeOver({ ...data, queue, directory, slotMade }, position)
  queue.publish(Control.applied, position)
  return { position, ...held }
}

/** What came due while keytrail was down goes before anybody can read it. */
function destroyDue(writer: StoreWriter, now: number): void {
  let destroyed = 0
  do {
    writer.commit(writer.position, now, () => {
      destroyed = writer.destroyDue(now, DESTRUCTION_LIMIT)
    })
  } while (destroyed === DESTRUCTION_LIMIT)
}

async function run(): Promise<void> {
  const store = open()
  const { environment, writer, clock } = store
  const applier = new Applier({
    ...{ queue, writer, clock, failing: data.takesOver },
    ...(data.takesOver ? goOn(store) : begin(store)),
    failed: (error) => parentPort?.postMessage(threadFailure(error)),
    renew: (entry) => parentPort?.postMessage({ kind: 'renew', entry } satisfies Renewal),
  })
  applier.run()
  if (applier.finished) changeMark(writer, { clean: true }, clock())
  await environment.close()
}

/** A start that does not find the file of a slot that was used knows that something is missing. */
function noteSlot(writer: StoreWriter, slot: number, now: number): void {
  const { slots } = writer.mark
  if (!slots.includes(slot)) changeMark(writer, { slots: [...slots, slot] }, now)
}

function changeMark(writer: StoreWriter, change: Partial<JournalMark>, now: number): void {
  const mark = { ...writer.mark, ...change }
  writer.commit(writer.position, now, () => writer.setMark(mark))
}

await run().catch((error: Error) => parentPort?.postMessage(threadFailure(error)))
