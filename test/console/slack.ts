import { availableParallelism, loadavg } from 'node:os'

/**
 * How many times its goal a duration may take here: one and a half where nobody else uses the machine, and as much
 * more as processes wait for each processor. What is slow by design is slower than that on an idle machine.
 */
export function slack(): number {
  const [waiting = 0] = loadavg()
  return Math.max(1.5, (2 * waiting) / availableParallelism())
}
