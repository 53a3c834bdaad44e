import { once } from 'node:events'
import { syncBuiltinESMExports } from 'node:module'
import threads from 'node:worker_threads'

/** The newest thread of each module, by its name without the path. */
const running = new Map<string, threads.Worker>()

class NotedWorker extends threads.Worker {
  constructor(...[file, options]: ConstructorParameters<typeof threads.Worker>) {
    super(file, options)
    running.set(String(options?.name).replace('./', ''), this)
  }
}

/** From here on, whatever module starts a thread. */
threads.Worker = NotedWorker
syncBuiltinESMExports()

/** The thread that runs under this name now, such as `journal-thread`. */
export function runningThread(name: string): threads.Worker {
  const thread = running.get(name)
  if (thread === undefined) throw new Error(`no thread ${name} was ever started`)
  return thread
}

/** Ends it as an error that nobody caught would, wherever it is; resolves once it has ended. */
export async function endThread(name: string): Promise<void> {
  const thread = runningThread(name)
  if (thread.threadId === -1) throw new Error(`thread ${name} has ended already`)
  const exit = once(thread, 'exit')
  await thread.terminate()
  await exit
}
