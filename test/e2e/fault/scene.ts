import type { Test } from 'tap'
import { countingUpstream } from '../../helper/counting-upstream.ts'
import { historyOf, type RunningSidecar, runSidecar } from '../../helper/running-sidecar.ts'
import { until } from '../../helper/until.ts'

const KEY = 'k'

/** What a client was told. */
export interface Answer {
  readonly id: string
  readonly status: number
  readonly retryAfter: string | null
}

/** A keytrail before an upstream that notes what it executes. */
export interface Scene {
  readonly sidecar: RunningSidecar
  /** Ids of the requests for {@link KEY} that the upstream has seen, each as often as it has. */
  readonly executed: readonly string[]
  /** Uses a key, {@link KEY} by default. */
  use(key?: string): Promise<Answer>
  /** Uses it until that is answered with `status`. */
  useUntil(status: number): Promise<Answer>
  ready(): Promise<{ readonly status: number; readonly reasons: string }>
  /** Of `keytrail_store_refusals_total`. */
  refusals(reason: string): Promise<number>
  /** Ids of the key's records of what was executed; a request that was refused may have a record of that. */
  history(): Promise<string[]>
  /** Ends it and starts another on the same store. */
  restart(): Promise<Scene>
}

/** Starts it; see {@link runSidecar}. */
export async function runScene(
  t: Test,
  settings: Readonly<Record<string, unknown>> = {},
  dataDir?: string,
  env?: Readonly<Record<string, string>>,
): Promise<Scene> {
  const executed: string[] = []
  const url = await countingUpstream(t, (key, id) => {
    if (key === KEY) executed.push(id)
  })
  const start = async (path?: string): Promise<Scene> => {
    const sidecar = await runSidecar(t, url, settings, path, env)
    const restart = async (): Promise<Scene> => {
      await sidecar.stop()
      return start(sidecar.dataDir)
    }
    return { ...scene(sidecar, executed), restart }
  }
  return start(dataDir)
}

let ids = 0

function scene(sidecar: RunningSidecar, executed: readonly string[]): Omit<Scene, 'restart'> {
  const use = async (key = KEY): Promise<Answer> => {
    const id = String(++ids)
    const headers = { 'x-id': id }
    const answer = await fetch(`${sidecar.api}/kms/v1/keys/${key}/encrypt`, {
      method: 'POST',
      body: '{}',
      headers,
    })
    await answer.arrayBuffer()
    return { id, status: answer.status, retryAfter: answer.headers.get('retry-after') }
  }
  return {
    sidecar,
    executed,
    use,
    async useUntil(status) {
      return until(async () => {
        const answer = await use()
        return answer.status === status ? answer : null
      })
    },
    async ready() {
      const answer = await fetch(`${sidecar.history}/readyz`)
      const { reasons } = (await answer.json()) as { reasons: string[] }
      return { status: answer.status, reasons: reasons.join() }
    },
    async refusals(reason) {
      const metrics = await (await fetch(`${sidecar.history}/metrics`)).text()
      const found = new RegExp(`keytrail_store_refusals_total\\{reason="${reason}"\\} (\\d+)`).exec(metrics)
      return Number(found?.[1] ?? 0)
    },
    async history() {
      const records = await historyOf(sidecar.history, KEY)
      return records.flatMap(({ requestId, outcome }) =>
        outcome === 'failure' ? [] : [requestId ?? outcome],
      )
    },
  }
}
