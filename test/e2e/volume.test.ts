import { execFileSync } from 'node:child_process'
import t, { type Test } from 'tap'
import { countingUpstream } from '../helper/counting-upstream.ts'
import { encryptRequest, load } from '../helper/raw-load.ts'
import { runSidecar } from '../helper/running-sidecar.ts'

const CLI = new URL('../../dist/cli.js', import.meta.url).pathname

/** `npm run test:volume` sends ten times as much, with the default retention. */
const FULL = process.env['TEST_VOLUME'] === 'full'
const [REQUESTS, HOT, RECORDS] = FULL ? [200_000, 40_000, 30_000] : [10_000, 2_500, 2_000]
const KEYS = 50
const CONNECTIONS = 64

interface KeyPage {
  readonly keys: readonly {
    readonly key: string
    readonly records: number
    readonly coverage: {
      readonly evictedByCount: number
      readonly unknown: number
      readonly head: { readonly seq: number }
    }
  }[]
}

t.test(
  `${REQUESTS} requests over ${KEYS} keys, ${HOT} of them for one, in strict`,
  { timeout: 280_000 },
  async (t) => {
    const executed = new Map<string, number>()
    const url = await countingUpstream(t, (key) => executed.set(key, (executed.get(key) ?? 0) + 1))
    const sidecar = await runSidecar(t, url, {
      retention: { records: RECORDS },
      ...(FULL ? { journal: {} } : {}),
    })
    let sent = 0
    let failed = 0
    const others = Array.from({ length: KEYS - 1 }, (_, i) => `key-${i}`)
    const began = performance.now()
    await load({
      url: sidecar.api,
      connections: CONNECTIONS,
      next() {
        if (sent === REQUESTS) return null
        const id = sent++
        const key = id % (REQUESTS / HOT) === 0 ? 'hot' : (others[id % others.length] ?? '')
        return { id: String(id), bytes: encryptRequest(key, String(id)) }
      },
      answered: (_, status) => {
        if (status !== 200) failed++
      },
    })
    t.comment(`${Math.round((REQUESTS / (performance.now() - began)) * 1000)} exchanges/s`)
    t.equal(failed, 0)
    t.equal(executed.get('hot'), HOT)

    const { keys } = (await (await fetch(`${sidecar.history}/v1/keys?limit=100`)).json()) as KeyPage
    t.equal(keys.length, KEYS)
    for (const { key, records, coverage } of keys) {
      const count = executed.get(key) ?? 0
      t.strictSame(
        { records, evicted: coverage.evictedByCount, seen: coverage.head.seq, unknown: coverage.unknown },
        { records: Math.min(count, RECORDS), evicted: Math.max(0, count - RECORDS), seen: count, unknown: 0 },
        key,
      )
    }
    await checkNewest(sidecar.history, t)

    t.equal(await sidecar.stop(), 0)
    const report = execFileSync(process.execPath, [CLI, 'verify', '--store', sidecar.dataDir], {
      encoding: 'utf8',
    })
    t.comment(report)
  },
)

/** The full ring holds exactly its newest records, each once, newest first. */
async function checkNewest(history: string, t: Test): Promise<void> {
  let cursor = ''
  let expected = HOT
  let oldest = Number.POSITIVE_INFINITY
  for (;;) {
    const response = await fetch(`${history}/v1/keys/hot/history?limit=1000${cursor && `&cursor=${cursor}`}`)
    const page = (await response.json()) as {
      records: { seq: number; time: string }[]
      nextCursor: string | null
      total: number
    }
    t.equal(page.total, RECORDS)
    for (const { seq, time } of page.records) {
      if (seq !== expected-- || Date.parse(time) > oldest) {
        t.fail(`record ${seq} where ${expected + 1} was expected`)
        return
      }
      oldest = Date.parse(time)
    }
    if (page.nextCursor === null) break
    cursor = encodeURIComponent(page.nextCursor)
  }
  t.equal(expected, HOT - RECORDS)
}
