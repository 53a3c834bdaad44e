import { closeSync, constants, mkdirSync, openSync, unlinkSync } from 'node:fs'
import { createConnection, createServer, type Server } from 'node:net'
import { join, resolve } from 'node:path'
import { KeytrailError } from '../errors.ts'

/** Longest path of a Unix socket: sun_path has 108 bytes, its NUL included. */
const MAX_SOCKET_PATH = 107

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
  makeDirectory(path)
  const directory = openSync(path, constants.O_RDONLY)
  const file = socketPath(path, directory)
  try {
    const server = await takeSocket(path, file)
    server.unref()
    return {
      async release() {
        await new Promise((done) => server.close(done))
        closeSync(directory)
      },
    }
  } catch (error) {
    closeSync(directory)
    throw error
  }
}

async function takeSocket(path: string, file: string): Promise<Server> {
  try {
    return await listen(file)
  } catch (error) {
    if (codeOf(error) !== 'EADDRINUSE') throw unwritable(path, error)
  }
  if (await answers(file)) {
    throw new KeytrailError(
      'STORE_LOCKED',
      `store ${path}: another keytrail is running on this data directory; stop it, or give this one a store.path of its own`,
    )
  }
  // Nobody listens: the last owner was killed. Should two starts race here, the store's owner entry stops the loser.
  unlinkSync(file)
  return await listen(file)
}

function listen(file: string): Promise<Server> {
  return new Promise((done, fail) => {
    const server = createServer((socket) => socket.destroy())
    server.once('error', fail)
    server.listen(file, () => done(server))
  })
}

function answers(file: string): Promise<boolean> {
  return new Promise((done) => {
    const socket = createConnection(file)
    socket.once('connect', () => {
      socket.destroy()
      done(true)
    })
    socket.once('error', () => done(false))
  })
}

function makeDirectory(path: string): void {
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 })
  } catch (error) {
    throw unwritable(path, error)
  }
}

/** A long path is reached through the directory's descriptor (Linux). */
function socketPath(path: string, directory: number): string {
  const file = join(resolve(path), 'keytrail.lock')
  return Buffer.byteLength(file) <= MAX_SOCKET_PATH ? file : `/proc/self/fd/${directory}/keytrail.lock`
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
