import { closeSync, fsyncSync, openSync } from 'node:fs'

/** Makes the names of new files in `directory` durable. */
export function syncDirectory(directory: string): void {
  const fd = openSync(directory, 'r')
  try {
    fsyncSync(fd)
  } finally {
    closeSync(fd)
  }
}
