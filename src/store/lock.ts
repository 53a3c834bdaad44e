import { randomBytes } from 'node:crypto'
import { closeSync, constants, mkdirSync, openSync, renameSync, unlinkSync } from 'node:fs'
import { createConnection, createServer, type Server } from 'node:net'
import { join, resolve } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { KeytrailError } from '../errors.ts'

/** Longest path of a Unix socket: sun_path has 108 bytes, its NUL included. */
const MAX_SOCKET_PATH = 107
const LOCK_FILE = 'keytrail.lock'
/** As long as {@link LOCK_FILE} when its random digits follow. */
const LEFT_OVER_FILE = 'old-'
/** How long a starting process may take from making its socket to listening on it, in ms. */
const LISTEN_GRACE_MS = 20
/** Starts that one may lose against others before it gives in. */
const ATTEMPTS = 3

/** A data directory held by this process. */
export interface DirectoryLock {
  release(): Promise<void>
}

/**
 * Makes the data directory and takes it for this process: a Unix socket in it, which the kernel closes
 * however the process ends, so that a left-over of a killed one never blocks a start. Throws `STORE_LOCKED`
 * where another keytrail answers there, `STORE_UNWRITABLE` where the directory can't be written.
 */
export async function lockDirectory(path: string): Promise<DirectoryLock> {
  const directory = openDirectory(path)
  try {
    const server = await takeSocket(path, socketDirectory(path, directory))
    server.unref()
    return {
      async release() {
        await new Promise((done) => server.close(done))
        closeSync(directory)
      },
    }
  } catch (error) {
    closeSync(directory)
    throw error instanceof KeytrailError ? error : unwritable(path, error)
  }
}

async function takeSocket(path: string, directory: string): Promise<Server> {
  const file = join(directory, LOCK_FILE)
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const server = await listen(file)
    if (server !== null) return server
    if (await answers(file)) break
    await delay(LISTEN_GRACE_MS)
    if ((await answers(file)) || !(await removeLeftOver(directory, file))) break
  }
  throw new KeytrailError(
    'STORE_LOCKED',
    `store ${path}: another keytrail is running on this data directory; stop it, or give this one a store.path of its own`,
  )
}

/** null where there is a socket already. */
function listen(file: string): Promise<Server | null> {
  return new Promise((done, fail) => {
    const server = createServer((socket) => socket.destroy())
    server.once('error', (error) => (codeOf(error) === 'EADDRINUSE' ? done(null) : fail(error)))
    server.listen(file, () => done(server))
  })
}

function answers(file: string): Promise<boolean> {
  return new Promise((done, fail) => {
    const socket = createConnection(file)
    socket.once('connect', () => {
      socket.destroy()
      done(true)
    })
    socket.once('error', (error) => {
      if (codeOf(error) === 'ECONNREFUSED' || codeOf(error) === 'ENOENT') done(false)
      else fail(error)
    })
  })
}

/**
 * Removes a killed process's socket; false where it is not one after all: of two starts at the same time, the
 * slower one may find the socket of the faster. That is why it is moved before it is looked at for good.
 */
async function removeLeftOver(directory: string, file: string): Promise<boolean> {
  const aside = join(directory, `${LEFT_OVER_FILE}${randomBytes(4).toString('hex')}`)
  try {
    renameSync(file, aside)
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return true
    throw error
  }
  if (await answers(aside)) {
    renameSync(aside, file)
    return false
  }
  unlinkSync(aside)
  return true
}

function openDirectory(path: string): number {
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 })
    return openSync(path, constants.O_RDONLY | constants.O_DIRECTORY)
  } catch (error) {
    throw unwritable(path, error)
  }
}

/** A long path is reached through the directory's descriptor (Linux). */
function socketDirectory(path: string, directory: number): string {
  const full = resolve(path)
  const longest = Buffer.byteLength(join(full, LOCK_FILE))
  return longest <= MAX_SOCKET_PATH ? full : `/proc/self/fd/${directory}`
}

function unwritable(path: string, error: unknown): KeytrailError {
  return new KeytrailError(
    'STORE_UNWRITABLE',
    `store ${path}: expected a directory that keytrail can write, found ${codeOf(error)}; check its owner, its mode and the mount`,
    { cause: error },
  )
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : String(error)
}
