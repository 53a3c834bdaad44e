import { mkdirSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { countingUpstream } from '../helper/counting-upstream.ts'
import { historyOf, runSidecar } from '../helper/running-sidecar.ts'
import { until } from '../helper/until.ts'

const ARTIFACTS = new URL('../.artifacts', import.meta.url).pathname

t.test('a fault of the store: refused before the upstream sees it, told, over by itself', async (t) => {
  let executed = 0
  const url = await countingUpstream(t, () => executed++)
  const sidecar = await runSidecar(t, url)
  const use = () =>
    fetch(`${sidecar.api}/kms/v1/keys/k/encrypt`, { method: 'POST', body: '{}', headers: { 'x-id': 'x' } })
  const ready = async () =>
    (await fetch(`${sidecar.history}/readyz`)).json() as Promise<{ reasons: string[] }>
  const rows = ['| fault | client | `/readyz` | metric |', '|---|---|---|---|']
  t.equal((await use()).status, 200)
  for (const name of ['store.mdb', 'journal', '']) {
    const file = join(sidecar.dataDir, name)
    renameSync(file, `${sidecar.dataDir}.away`)
    const refused = await until(async () => {
      const answer = await use()
      return answer.status === 503 ? answer : null
    })
    t.equal(refused.headers.get('retry-after'), '1')
    const before = executed
    t.equal((await use()).status, 503)
    t.equal(executed, before, 'the upstream does not see it')
    const { reasons } = await ready()
    t.match(reasons.join(), `${file.replace(/\/$/, '')} has been deleted`)
    const metrics = await (await fetch(`${sidecar.history}/metrics`)).text()
    const [metric = ''] =
      /keytrail_store_refusals_total\{reason="files-changed"\} [1-9]\d*/.exec(metrics) ?? []
    t.ok(metric)
    renameSync(`${sidecar.dataDir}.away`, file)
    await until(async () => ((await use()).status === 200 ? true : null))
    t.equal((await ready()).reasons.length, 0)
    rows.push(`| ${name || 'data directory'} moved away | 503, Retry-After 1 | ${reasons} | \`${metric}\` |`)
  }
  const records = await historyOf(sidecar.history, 'k')
  t.equal(records.filter(({ outcome }) => outcome === 'success').length, executed, 'all that was executed')
  mkdirSync(ARTIFACTS, { recursive: true })
  writeFileSync(join(ARTIFACTS, 'faults.md'), `${rows.join('\n')}\n`)
  t.comment(rows.join('\n'))
})
