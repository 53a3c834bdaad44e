import { Worker } from 'node:worker_threads'

/**
 * Starts the worker thread whose module stands beside `importer` (its `import.meta.url`) under `name`, in the
 * form this process runs: TypeScript in the tests, JavaScript in the package.
 */
export function startThread(importer: string, name: string, workerData: unknown): Worker {
  const extension = importer.slice(importer.lastIndexOf('.'))
  // What the main thread was told to load first (tracing, a test runner's hooks) is not for ours.
  const flags = extension === '.js' ? { execArgv: [] } : {}
  return new Worker(new URL(`${name}${extension}`, importer), { workerData, name, ...flags })
}

/** Resolves once the thread has ended, also where it ends with an error: that is for whoever watches it. */
export async function threadEnd(thread: Worker): Promise<void> {
  if (thread.threadId === -1) return
  await new Promise((done) => thread.once('exit', done))
}
