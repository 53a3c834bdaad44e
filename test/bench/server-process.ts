import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'

/** A server of the benchmark in a process of its own. */
export interface ServerProcess {
  readonly url: string
  readonly pid: number
  /** Sends `question` and resolves with the answer. */
  ask(question: unknown): Promise<unknown>
  stop(): Promise<void>
}

/** Runs the module of that name (from this folder), which sends `{ url }` once it listens. */
export async function startServer(module: string, args: readonly string[]): Promise<ServerProcess> {
  const child = fork(new URL(module, import.meta.url), args, {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  })
  const { url } = (await answerOf(child, module)) as { url: string }
  return {
    url,
    pid: child.pid ?? 0,
    async ask(question) {
      child.send(question as object)
      return answerOf(child, module)
    },
    stop: () => endProcess(child),
  }
}

/** Ends a process, and waits for that. */
export async function endProcess(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const ended = once(child, 'exit')
  child.kill('SIGTERM')
  await ended
}

async function answerOf(child: ChildProcess, module: string): Promise<unknown> {
  const gone = new AbortController()
  const ended = once(child, 'exit', { signal: gone.signal }).then(([code]) => {
    throw new Error(`${module} ended with ${code}`)
  })
  const answered = once(child, 'message', { signal: gone.signal }).then(([message]) => message)
  try {
    return await Promise.race([answered, ended])
  } finally {
    gone.abort()
    await Promise.allSettled([answered, ended])
  }
}
