import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import t from 'tap'
import { countingUpstream } from '../helper/counting-upstream.ts'
import { encryptRequest, load } from '../helper/raw-load.ts'
import { historyOf, runSidecar } from '../helper/running-sidecar.ts'

const CLI = new URL('../../dist/cli.js', import.meta.url).pathname
const ROUNDS = 5
const KEYS = ['a', 'b', 'c']
const PER_ROUND = 400

for (const durability of ['strict', 'committed']) {
  t.test(
    `kill -9 under load loses nothing that was answered (${durability})`,
    { timeout: 120_000 },
    async (t) => {
      const executed = new Map<string, string>()
      const answered = new Set<string>()
      const url = await countingUpstream(t, (key, id) => executed.set(id, key))
      const dataDir = join(t.testdir({}), 'data')
      let sent = 0
      for (let round = 0; round < ROUNDS; round++) {
        const sidecar = await runSidecar(t, url, { durability, retention: { records: 100_000 } }, dataDir)
        let before = 0
        const killAt = Math.floor(Math.random() * PER_ROUND)
        await load({
          url: sidecar.api,
          connections: 16,
          next: () => {
            const id = `${durability}-${sent++}`
            return { id, bytes: encryptRequest(KEYS[sent % KEYS.length] ?? '', id) }
          },
          answered: (id, status) => {
            if (status === 200) answered.add(id)
            if (before++ === killAt) sidecar.process.kill('SIGKILL')
          },
        })
        await sidecar.stop('SIGKILL')
      }
      const sidecar = await runSidecar(t, url, { durability, retention: { records: 100_000 } }, dataDir)
      const records = (
        await Promise.all([...KEYS, null].map((key) => historyOf(sidecar.history, key)))
      ).flat()
      const ids = records.flatMap(({ requestId }) => (requestId === undefined ? [] : [requestId]))
      t.equal(new Set(ids).size, ids.length, 'no record twice')
      const recorded = new Set(ids)
      t.strictSame(
        [...answered].filter((id) => !recorded.has(id)),
        [],
        'every answer has its record',
      )
      t.ok(answered.size > ROUNDS, `${answered.size} answers`)
      if (durability === 'strict') {
        const unseen = [...executed].filter(([id]) => !recorded.has(id)).map(([, key]) => key)
        for (const key of KEYS) {
          const unknown = records.filter(
            (record) => record.outcome === 'unknown' && record.key === key,
          ).length
          t.ok(
            unseen.filter((name) => name === key).length <= unknown,
            `${key}: what was executed is there, or is unknown`,
          )
        }
        t.comment(`${executed.size} executed, ${answered.size} answered, ${unseen.length} of unknown outcome`)
      }
      t.equal(await sidecar.stop(), 0)
      t.doesNotThrow(() => execFileSync(process.execPath, [CLI, 'verify', '--store', dataDir]))
    },
  )
}
