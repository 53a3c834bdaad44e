import { closeSync, constants, linkSync, lstatSync, mkdirSync, openSync, unlinkSync } from 'node:fs'
import { createConnection, createServer, type Server } from 'node:net'
import { dirname, join, resolve } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { KeytrailError } from '../errors.ts'
import { syncDirectory } from './sync-directory.ts'

/** Longest path of a Unix socket: sun_path has 108 bytes, its NUL included. */
const MAX_SOCKET_PATH = 107
const LOCK_FILE = 'keytrail.lock'
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

/** Whether a keytrail holds the data directory `path`; false where that can't be told. */
export async function isLocked(path: string): Promise<boolean> {
  const directory = openSync(path, constants.O_RDONLY | constants.O_DIRECTORY)
  try {
    return await answers(join(socketDirectory(path, directory), LOCK_FILE))
  } catch {
    return false
  } finally {
    closeSync(directory)
  }
}

async function takeSocket(path: string, directory: string): Promise<Server> {
  const file = join(directory, LOCK_FILE)
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const server = await listen(file)
    if (server !== null) return server
    const leftOver = identityOf(file)
    if (await answers(file)) break
    await delay(LISTEN_GRACE_MS)
    if ((await answers(file)) || !removeLeftOver(file, leftOver)) break
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
 * Removes a killed process's socket; false where another start is about to, or has put its own there. The name
 * that it is linked to first is made of what tells it from any other file, so that of several starts one can
 * make that link; it changes with each link, so that one who was killed in between keeps nobody out.
 */
function removeLeftOver(file: string, leftOver: string): boolean {
  const aside = `${file}.${leftOver}`
  try {
    if (identityOf(file) !== leftOver) return false
    linkSync(file, aside)
  } catch (error) {
    if (codeOf(error) === 'EEXIST' || codeOf(error) === 'ENOENT') return false
    throw error
  }
  unlinkSync(file)
  unlinkSync(aside)
  return true
}

/** '' where there is none. */
function identityOf(file: string): string {
  const stat = lstatSync(file, { bigint: true, throwIfNoEntry: false })
  return stat === undefined ? '' : `${stat.ino}-${stat.ctimeNs}`
}

function openDirectory(path: string): number {
  try {
    makeDirectory(resolve(path))
    return openSync(path, constants.O_RDONLY | constants.O_DIRECTORY)
  } catch (error) {
    throw unwritable(path, error)
  }
}

/** Not `recursive`: that never ends where making a directory fails with ENOENT below one that is there (/proc). */
function makeDirectory(path: string): void {
  try {
    mkdirSync(path, { mode: 0o700 })
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return
    if (codeOf(error) !== 'ENOENT' || dirname(path) === path) throw error
    makeDirectory(dirname(path))
    mkdirSync(path, { mode: 0o700 })
  }
  // Else a power cut may take the directory with all that was synced below it.
  syncDirectory(dirname(path))
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
