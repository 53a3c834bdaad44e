import { closeSync, constants, openSync } from 'node:fs'
import { createConnection } from 'node:net'
import { join, resolve } from 'node:path'

/** Longest path of a Unix socket: sun_path has 108 bytes, its NUL included. */
const MAX_SOCKET_PATH = 107

/** Whether a keytrail holds the data directory `path`: it answers on the socket of its lock. */
export async function isRunning(path: string): Promise<boolean> {
  const file = join(resolve(path), 'keytrail.lock')
  if (Buffer.byteLength(file) <= MAX_SOCKET_PATH) return answers(file)
  // A long path is reached through the directory's descriptor (Linux).
  const directory = openSync(path, constants.O_RDONLY)
  try {
    return await answers(`/proc/self/fd/${directory}/keytrail.lock`)
  } finally {
    closeSync(directory)
  }
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
