import t from 'tap'
import { httpUpstream } from '../helper/http-upstream.ts'
import { runSidecar } from '../helper/running-sidecar.ts'
import { deployDocuments, deployFile } from './manifest.ts'

interface Rules {
  readonly groups: readonly {
    readonly rules: readonly {
      readonly alert: string
      readonly expr: string
      readonly labels: { readonly severity: string }
      readonly annotations: { readonly summary: string }
    }[]
  }[]
}

interface Dashboard {
  readonly uid: string
  readonly panels: readonly {
    readonly id: number
    readonly title: string
    readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number }
    readonly targets: readonly { readonly expr: string }[]
  }[]
  readonly templating: { readonly list: readonly { readonly query: string }[] }
}

const rules = (deployDocuments('prometheus-rules.yaml') as Rules[]).flatMap(({ groups }) =>
  groups.flatMap((group) => group.rules),
)
const dashboard = JSON.parse(deployFile('grafana-dashboard.json')) as Dashboard

/** Prometheus makes this one itself. */
const NOT_OURS = 'up'

t.test('every metric that a rule or a panel names is there', async (t) => {
  const upstream = await httpUpstream(t, (_request, response) => response.end())
  const { api, history } = await runSidecar(t, upstream)
  await fetch(`${api}/kms/v1/keys`)
  const text = await (await fetch(`${history}/metrics`)).text()
  const there = new Set([...text.matchAll(/^(\w+)(?:\{| )/gm)].map(([, name]) => name))
  const asked = [
    ...rules.map(({ expr }) => expr),
    ...dashboard.panels.flatMap(({ targets }) => targets.map(({ expr }) => expr)),
    ...dashboard.templating.list.map(({ query }) => query),
  ].flatMap((expr) => expr.match(/\b(?:keytrail|process)_\w+|\bup\b/g) ?? [])
  t.ok(asked.length > 20)
  for (const name of new Set(asked)) t.ok(name === NOT_OURS || there.has(name), name)
})

t.test('every rule says how bad it is and what it means', async (t) => {
  t.equal(new Set(rules.map(({ alert }) => alert)).size, rules.length)
  for (const { alert, expr, labels, annotations } of rules) {
    t.match(alert, /^Keytrail[A-Z]\w+$/)
    t.match(labels.severity, /^(critical|warning|info)$/)
    t.ok(annotations.summary.length > 20)
    t.equal(expr.match(/\(/g)?.length, expr.match(/\)/g)?.length, expr)
  }
})

t.test('no panel lies on another', async (t) => {
  const cells = dashboard.panels.flatMap(({ gridPos: { x, y, w, h } }) =>
    Array.from({ length: w * h }, (_, i) => `${x + (i % w)},${y + Math.floor(i / w)}`),
  )
  t.equal(new Set(cells).size, cells.length)
  t.equal(new Set(dashboard.panels.map(({ id }) => id)).size, dashboard.panels.length)
})
