import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import t from 'tap'

const SRC = new URL('../src', import.meta.url).pathname
const TOP = new URL('..', import.meta.url).pathname

interface Module {
  /** Path below src. */
  readonly path: string
  readonly lines: number
  /** Paths below src, types included. */
  readonly imports: readonly string[]
  /** Packages, subpaths cut off. */
  readonly packages: readonly string[]
  /** Without comments. */
  readonly code: string
}

const modules = readdirSync(SRC, { recursive: true, encoding: 'utf8' })
  .filter((path) => path.endsWith('.ts'))
  .map(readModule)

function readModule(path: string): Module {
  const text = readFileSync(join(SRC, path), 'utf8')
  const specifiers = [...text.matchAll(/(?:from|import)\s*\(?\s*'([^']+)'/g)].map(
    ([, specifier = '']) => specifier,
  )
  return {
    path,
    code: text.replace(/\/\*[\s\S]*?\*\/|(?<!:)\/\/.*$/gm, ''),
    lines: text.split('\n').length - 1,
    imports: specifiers
      .filter((specifier) => specifier.startsWith('.'))
      .map((specifier) => relative(SRC, join(SRC, dirname(path), specifier))),
    packages: specifiers.filter((specifier) => !specifier.startsWith('.')).map(packageOf),
  }
}

function packageOf(specifier: string): string {
  const [scope = '', name = ''] = specifier.split('/')
  return scope.startsWith('@') ? `${scope}/${name}` : scope
}

/** The folder of a path below src; '' for the top. */
function folderOf(path: string): string {
  return path.includes('/') ? path.slice(0, path.indexOf('/')) : ''
}

/** Who may import whom, beside its own folder and the top's files that stand below all folders. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  '': ['command', 'demo', 'config', 'devkms', 'dialect', 'history', 'listener', 'proxy', 'recorder', 'store'],
  command: ['config', 'demo', 'devkms', 'dialect', 'history', 'listener', 'recorder', 'store'],
  config: ['dialect', 'listener'],
  // In the browser: it knows the server by the shape of its answers alone.
  console: [],
  demo: ['config', 'devkms', 'history'],
  devkms: [],
  dialect: [],
  history: ['listener', 'recorder', 'store'],
  listener: [],
  proxy: ['dialect', 'listener', 'recorder', 'store'],
  recorder: ['store'],
  store: [],
}

/** Each of these packages has one place that imports it. */
const ONE_IMPORTER: Readonly<Record<string, readonly string[]>> = {
  undici: ['proxy/upstream.ts'],
  'http-proxy': ['proxy/tunnel.ts'],
  lmdb: ['store/environment.ts'],
  'ipaddr.js': ['listener/ip-set.ts'],
  pino: ['log.ts'],
  'prom-client': ['metrics.ts'],
  commander: [
    'command/program/option.ts',
    'command/program/program.ts',
    'command/program/run-program.ts',
    'command/program/running-commands.ts',
    'command/program/settings-commands.ts',
    'command/program/store-commands.ts',
    'command/program/upkeep-commands.ts',
  ],
  '@fastify/static': ['history/console-routes.ts'],
  uplot: ['console/view/chart.ts'],
}

/** These have no I/O, no clock and no logger. */
const PURE = [
  /^dialect\/(?!load\.ts)/,
  /^store\/(layout|record-codec|block|ring-state|match|chain)\.ts$/,
  /^listener\/(ip-set|client-address|forwarded|channel)\.ts$/,
  /^proxy\/(outcome|forward-headers|acl)\.ts$/,
  /^recorder\/(entry|segment)\.ts$/,
]
const IMPURE =
  /\bDate\.now\(|\bperformance\.now\(|\bprocess\.|node:(fs|http|https|worker_threads|child_process)\b|\bcreate(Server|Connection)\(|\/log\.ts'/

t.test('folders import only what stands below them', async (t) => {
  for (const { path, imports } of modules) {
    for (const imported of imports) {
      const [from, to] = [folderOf(path), folderOf(imported)]
      if (
        from === to ||
        (from !== 'console' &&
          to === '' &&
          /^(record|errors|log|metrics|limit-hits|thread|key-glob|clock)\.ts$/.test(imported))
      )
        continue
      // Who runs the sidecar.
      if ((from === 'command' || from === 'demo') && imported === 'sidecar.ts') continue
      t.ok(MAY_IMPORT[from]?.includes(to), `${path} imports ${imported}`)
    }
  }
})

t.test('there is no cycle, types included', async (t) => {
  const byPath = new Map(modules.map((module) => [module.path, module]))
  const state = new Map<string, 'open' | 'done'>()
  const visit = (path: string, trail: readonly string[]): void => {
    if (state.get(path) === 'done') return
    if (state.get(path) === 'open') {
      t.fail(`cycle: ${[...trail.slice(trail.indexOf(path)), path].join(' -> ')}`)
      return
    }
    state.set(path, 'open')
    for (const next of byPath.get(path)?.imports ?? []) visit(next, [...trail, path])
    state.set(path, 'done')
  }
  for (const { path } of modules) visit(path, [])
  t.equal(state.size, modules.length, 'every module was visited, and imports only modules of src')
})

t.test('a package has one importer', async (t) => {
  for (const [name, importers] of Object.entries(ONE_IMPORTER)) {
    t.strictSame(
      modules.filter(({ packages }) => packages.includes(name)).map(({ path }) => path),
      importers.filter((path) => modules.some((module) => module.path === path)),
      name,
    )
  }
})

t.test('what is pure stays pure', async (t) => {
  const pure = modules.filter(({ path }) => PURE.some((pattern) => pattern.test(path)))
  t.ok(pure.length > 15, 'the patterns still name something')
  for (const { path, code } of pure) t.notMatch(code, IMPURE, path)
})

t.test('the clock and the process belong to the edges', async (t) => {
  for (const { path, code } of modules) {
    const edge =
      /^(cli|sidecar|readings|console\/console)\.ts$/.test(path) ||
      path.startsWith('demo/') ||
      path.startsWith('command/')
    if (!edge) t.notMatch(code, /\bprocess\.(?!on\b)/, `${path} uses process`)
    if (!edge && path !== 'clock.ts' && !path.endsWith('-thread.ts'))
      t.notMatch(code, /\bDate\.now\(/, `${path} reads the clock`)
  }
})

t.test('files are short, and none is a drawer', async (t) => {
  for (const { path, lines } of modules) {
    t.ok(lines <= 300, `${path} has ${lines} lines`)
    t.notMatch(path, /(^|\/)(utils?|common|helpers?|misc|types|constants|shared|index)(\.ts|\/)/)
  }
})

t.test('no code outside dialects and the development key API knows a key API by name', async (t) => {
  // Beside the wire format of NAVER's own history calls: the default dialect's name, and what documents say.
  const named =
    /^(dialect|devkms|history\/(naver-|open-api|server)|demo|command\/demo|config\/(section|schema))/
  for (const { path, code } of modules) {
    if (named.test(path)) continue
    t.notMatch(code, /(?<![a-z])(naver(?!Routes|-routes)|aws|vault)/i, path)
  }
})

t.test('the top level holds what it should and nothing else', async (t) => {
  const allowed =
    /^(\..*|package(-lock)?\.json|tsconfig\.json|biome\.json|knip\.json|src|config|test|Dockerfile|README\.md|LICENSE|CHANGELOG\.md|node_modules|dist|data)$/
  for (const name of readdirSync(TOP)) t.match(name, allowed)
})
