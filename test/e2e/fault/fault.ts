import type { Test } from 'tap'
import type { FailureReason } from '../../../src/recorder/store-failure.ts'
import { until } from '../../helper/until.ts'
import type { Scene } from './scene.ts'

/** A fault that can be brought about from outside, and what it must look like from there. */
export interface Fault {
  readonly name: string
  readonly reason: FailureReason
  /** What `/readyz` says; null where keytrail is ready all the same. */
  readonly ready: RegExp | null
  begin(scene: Scene): Promise<void> | void
  end(scene: Scene): Promise<void> | void
  /** Whether service resumes only when keytrail is started anew. */
  readonly needsRestart?: boolean
}

/** Brings it about, looks at it from all sides and ends it; returns its line of the table. */
export async function observe(t: Test, scene: Scene, fault: Fault): Promise<string> {
  const { name, reason, ready } = fault
  await scene.useUntil(200)
  const counted = await scene.refusals(reason)
  await fault.begin(scene)
  await until(async () => {
    await scene.use()
    return (await scene.refusals(reason)) > counted ? true : null
  })
  const refused = await scene.use()
  t.equal(refused.status, 503, `${name}: the client`)
  t.ok(Number(refused.retryAfter) >= 1, `${name}: when to try again`)
  t.notOk(scene.executed.includes(refused.id), `${name}: the upstream does not see it`)
  const seen = await scene.ready()
  t.equal(seen.status, ready === null ? 200 : 503, `${name}: /readyz`)
  if (ready !== null) t.match(seen.reasons, ready, `${name}: /readyz says why`)
  await fault.end(scene)
  if (fault.needsRestart === true)
    t.equal((await scene.use()).status, 503, `${name}: that it is over is not enough`)
  const resumed = fault.needsRestart === true ? await scene.restart() : scene
  await resumed.useUntil(200)
  await until(async () => ((await resumed.ready()).status === 200 ? true : null))
  await compareHistory(t, resumed, name)
  const cells = [
    name,
    `${refused.status}, \`Retry-After\``,
    'sees nothing',
    ready === null ? 'ready' : `\`${ready.exec(seen.reasons)?.[0]}\``,
    `\`${reason}\``,
    'all that was executed, once',
    fault.needsRestart === true ? 'after a restart' : 'by itself',
  ]
  return `| ${cells.join(' | ')} |`
}

/** Every request that the upstream executed has one record, and no other has one. */
async function compareHistory(t: Test, scene: Scene, name: string): Promise<void> {
  const executed = [...scene.executed].sort()
  const recorded = await until(async () => {
    const found = (await scene.history()).sort()
    return found.length >= executed.length ? found : null
  })
  t.strictSame(recorded, executed, `${name}: all that was executed is in the history, once`)
}

/** A part's failure and the refusals for it are told apart. */
const source = ({ part, msg }: LogLine): string => `${part ?? 'requests'}: ${msg}`

interface LogLine {
  readonly part?: string
  readonly time: string
  readonly msg: string
  readonly code?: string
  readonly reason?: string
}

/** Least time between two log lines of one failure, ms. */
const LOG_INTERVAL_MS = 5000

/** The first fault of a run was logged with its reason, and none more than once in five seconds. */
export function checkLog(t: Test, { sidecar: { log } }: Scene, reason: FailureReason): void {
  const lines = log.map((line) => JSON.parse(line) as LogLine)
  const errors = lines.filter(({ code }) => code !== undefined)
  t.ok(
    errors.some((line) => line.reason === reason),
    `${reason} is logged`,
  )
  for (const text of new Set(errors.map(source))) {
    const times = errors.filter((line) => source(line) === text).map(({ time }) => Date.parse(time))
    const gaps = times.slice(1).map((time, i) => time - (times[i] ?? 0))
    t.ok(
      gaps.every((gap) => gap >= LOG_INTERVAL_MS - 100),
      `${text}: ${gaps} ms between log lines`,
    )
  }
}

/** Brings about what keytrail may not survive; then it is started anew. Returns the line of the table. */
export async function observeEnd(t: Test, scene: Scene, fault: Omit<Fault, 'ready'>): Promise<string> {
  await scene.useUntil(200)
  await fault.begin(scene)
  const refused = await until(async () => {
    const answer = await scene.use().catch(() => null)
    return answer === null || answer.status === 503 ? { answer } : null
  })
  if (refused.answer !== null)
    t.notOk(scene.executed.includes(refused.answer.id), `${fault.name}: the upstream does not see it`)
  t.comment(`${fault.name}: ${refused.answer === null ? 'ended' : 'refused'}`)
  await fault.end(scene)
  const resumed = await scene.restart()
  await resumed.useUntil(200)
  await compareHistory(t, resumed, fault.name)
  const client = '503, `Retry-After`, or keytrail ends'
  const history = 'all that was executed, once'
  return `| ${[fault.name, client, 'sees nothing', '—', `\`${fault.reason}\``, history, 'after a restart'].join(' | ')} |`
}
