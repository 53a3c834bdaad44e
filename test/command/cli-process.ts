import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { Test } from 'tap'
import { until } from '../helper/until.ts'

const CLI = fileURLToPath(new URL('../../dist/cli.js', import.meta.url))

export interface CliOptions {
  /** Added to an environment that holds next to nothing. */
  readonly env?: Readonly<Record<string, string>>
  readonly cwd?: string
  /** Node's own options. */
  readonly node?: readonly string[]
}

export interface CliResult {
  /** null where a signal ended it. */
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/** A run of the built command line; killed when the test ends, if it still runs. */
export class CliProcess {
  stdout = ''
  stderr = ''
  readonly child: ChildProcess
  readonly #ended: Promise<unknown>

  constructor(t: Test, args: readonly string[], { env = {}, cwd, node = [] }: CliOptions = {}) {
    if (!existsSync(CLI)) throw new Error(`${CLI} is missing: npm run build`)
    const { PATH = '' } = process.env
    const child = spawn(process.execPath, [...node, CLI, ...args], {
      env: { PATH, TMPDIR: t.testdirName, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
      ...(cwd === undefined ? {} : { cwd }),
    })
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      this.stdout += text
    })
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.stderr += text
    })
    this.child = child
    this.#ended = once(child, 'close')
    t.teardown(async () => {
      child.kill('SIGKILL')
      await this.#ended
    })
  }

  /** Resolves once standard output matches; rejects if the process ends first. */
  async says(pattern: RegExp): Promise<RegExpExecArray> {
    for (;;) {
      const found = pattern.exec(this.stdout)
      if (found !== null) return found
      const more = await Promise.race([
        once(this.child.stdout ?? this.child, 'data').then(() => true),
        this.#ended.then(() => false),
      ])
      if (!more && !pattern.test(this.stdout))
        throw new Error(`ended without ${pattern}: ${this.stdout}${this.stderr}`)
    }
  }

  /** Resolves once it has ended. */
  async result(): Promise<CliResult> {
    await this.#ended
    return { code: this.child.exitCode, stdout: this.stdout, stderr: this.stderr }
  }

  async stop(signal: NodeJS.Signals): Promise<CliResult> {
    this.child.kill(signal)
    return this.result()
  }

  /** Sends the signal again and again, as someone would who wants it to end at once. */
  insist(signal: NodeJS.Signals): Promise<CliResult> {
    return until(() => {
      this.child.kill(signal)
      return this.child.exitCode === null ? null : this.result()
    })
  }
}

/** Runs the built command line to its end. */
export function runCli(t: Test, args: readonly string[], options: CliOptions = {}): Promise<CliResult> {
  return new CliProcess(t, args, options).result()
}
