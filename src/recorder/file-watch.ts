import { closeSync, openSync, statSync } from 'node:fs'
import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { STORE_FILE } from '../store/environment.ts'
import { Control, MAX_SLOTS, Queue, type SharedQueue } from './queue.ts'
import { slotPath } from './slots.ts'
import { StoreFailure } from './store-failure.ts'

export interface FileWatchOptions {
  /** The data directory. */
  readonly path: string
  /** The journal's. */
  readonly directory: string
  readonly shared: SharedQueue
  /** Longest a look may take, in ms. */
  readonly deadlineMs: number
  /** Told what is wrong, and (null) that nothing is any more; again only when that changes. */
  report(failure: StoreFailure | null): void
}

interface WatchedFile {
  readonly path: string
  readonly device: bigint
  readonly inode: bigint
}

/** «Within seconds». */
const INTERVAL_MS = 1000

/**
 * Looks whether the files that are open are still those that a start would find: whoever deletes or replaces one
 * takes away everything that is written to it, and the writer notices nothing.
 */
export class FileWatch {
  readonly #options: FileWatchOptions
  readonly #control: Int32Array
  readonly #files: readonly WatchedFile[]
  /** Keeps the inode of a deleted directory from being given to another. */
  readonly #directory: number
  #timer: NodeJS.Timeout
  #known: string | null = null
  #closed = false

  /** Begins at once, with what is there. */
  constructor(options: FileWatchOptions) {
    const { path, directory, shared } = options
    this.#options = options
    this.#control = new Queue(shared).control
    this.#files = [path, join(path, STORE_FILE), directory].map(watched)
    this.#directory = openSync(directory, 'r')
    this.#timer = this.#later()
  }

  close(): void {
    if (this.#closed) return
    this.#closed = true
    clearTimeout(this.#timer)
    closeSync(this.#directory)
  }

  #later(): NodeJS.Timeout {
    return setTimeout(() => void this.#look(), INTERVAL_MS).unref()
  }

  async #look(): Promise<void> {
    const { path, deadlineMs } = this.#options
    const late = new StoreFailure('deadline', `${path} gives no answer for ${deadlineMs} ms`)
    const alarm = setTimeout(() => this.#report(late), deadlineMs).unref()
    const found = await this.#find()
    clearTimeout(alarm)
    this.#report(found)
    if (!this.#closed) this.#timer = this.#later()
  }

  async #find(): Promise<StoreFailure | null> {
    for (const { path, device, inode } of this.#files) {
      const change = await changeOf(path, (found) => found.dev === device && found.ino === inode)
      if (change !== null) return changed(path, change)
    }
    for (const index of this.#segments()) {
      const path = slotPath(this.#options.directory, this.#word(Control.segmentSlots, index))
      const inode = this.#word(Control.segmentInodes, index)
      const change = await changeOf(path, ({ ino }) => Number(BigInt.asIntN(32, ino)) === inode)
      // It may have been recycled meanwhile: then its file is nobody's.
      if (change !== null && this.#segments().includes(index)) return changed(path, change)
    }
    return null
  }

  /** Which of the segments opened so far are needed. */
  #segments(): number[] {
    const first = Atomics.load(this.#control, Control.segmentsRecycled)
    const end = Atomics.load(this.#control, Control.segmentsOpened)
    return Array.from({ length: Math.max(end - first, 0) }, (_, i) => first + i)
  }

  #word(place: number, index: number): number {
    return Atomics.load(this.#control, place + (index % MAX_SLOTS))
  }

  #report(failure: StoreFailure | null): void {
    const message = failure?.message ?? null
    if (this.#closed || message === this.#known) return
    this.#known = message
    this.#options.report(failure)
  }
}

function watched(path: string): WatchedFile {
  const { dev, ino } = statSync(path, { bigint: true })
  return { path, device: dev, inode: ino }
}

/** What has become of a file that `isSame` does not know again; null where it does. */
async function changeOf(
  path: string,
  isSame: (found: { readonly dev: bigint; readonly ino: bigint }) => boolean,
): Promise<string | null> {
  try {
    return isSame(await stat(path, { bigint: true })) ? null : 'has been replaced'
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : error
    return code === 'ENOENT' || code === 'ENOTDIR' ? 'has been deleted' : `can't be looked at (${code})`
  }
}

function changed(path: string, change: string): StoreFailure {
  return new StoreFailure(
    'files-changed',
    `${path} ${change} while keytrail was running: put that very file back, or restart keytrail`,
  )
}
