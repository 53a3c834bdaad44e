import { availableParallelism } from 'node:os'
import { childrenMicros, cpuMicros, machineMicros } from './usage.ts'

/** How much of the machine processes other than the benchmark's own use: the more, the less its figures say. */
export class Disturbance {
  readonly #pids: readonly number[]
  #others = 0
  #started = 0

  /** `pids`: those of the benchmark that live as long as it does, its own aside. */
  constructor(pids: readonly number[]) {
    this.#pids = [process.pid, ...pids]
  }

  start(): void {
    this.#others = this.#othersMicros()
    this.#started = performance.now()
  }

  /** The others' share of all cores since {@link start}, from 0 to 1. */
  share(): number {
    const elapsed = (performance.now() - this.#started) * 1000 * availableParallelism()
    return Math.max(0, this.#othersMicros() - this.#others) / elapsed
  }

  #othersMicros(): number {
    return this.#pids.reduce(
      (sum, pid) => sum - cpuMicros(pid),
      machineMicros() - childrenMicros(process.pid),
    )
  }
}
