import { once } from 'node:events'
import { Worker } from 'node:worker_threads'

/**
 * Starts the worker thread whose module stands beside `importer` (its `import.meta.url`) under `name`, in the
 * form this process runs: TypeScript in the tests, JavaScript in the package.
 */
export function startThread(importer: string, name: string, workerData: unknown): Worker {
  const extension = importer.slice(importer.lastIndexOf('.'))
  return new Worker(new URL(`${name}${extension}`, importer), { workerData, name })
}

/** Resolves once the thread has ended. */
export async function threadEnd(thread: Worker): Promise<void> {
  if (thread.threadId !== -1) await once(thread, 'exit')
}
