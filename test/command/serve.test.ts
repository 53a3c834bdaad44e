import { existsSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { type CliOptions, CliProcess, runCli } from './cli-process.ts'

/** Written by the log once everything listens. */
const RUNNING = /"history":"(http:[^"]+)".*"msg":"keytrail is running"/

let files = 0

/** Throws from a timer when SIGUSR2 comes. */
const THROW_ON_SIGNAL =
  "data:text/javascript,process.on('SIGUSR2', () => setTimeout(() => { throw new Error('boom') }))"

t.test('says what listens where, and stops cleanly on SIGTERM and on SIGINT', async (t) => {
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    const keytrail = serve(t)
    await keytrail.says(RUNNING)
    const [first = ''] = keytrail.stdout.split('\n')
    t.match(JSON.parse(first), {
      listeners: { api: /^http:\/\/127\.0\.0\.1:\d+$/ },
      upstream: 'http://127.0.0.1:1',
    })
    const { code, stdout, stderr } = await keytrail.stop(signal)
    t.equal(code, 0)
    t.match(stdout, new RegExp(`"signal":"${signal}","msg":"keytrail is stopping"`))
    t.match(stdout, /"msg":"keytrail has stopped"\}\n$/)
    t.equal(stderr, '')
  }
})

t.test('starts although the upstream is down; health says why it is not ready', async (t) => {
  const keytrail = serve(t)
  const [, url = ''] = await keytrail.says(RUNNING)
  const { code, stderr } = await runCli(t, ['health', '--url', url])
  t.equal(code, 1)
  t.match(stderr, /^keytrail: not ready: upstream http:\/\/127\.0\.0\.1:1: ECONNREFUSED\n$/)
})

t.test('a second signal ends it at once', async (t) => {
  const upstream = createServer(() => waiting())
  let waiting = (): void => {}
  const asked = new Promise<void>((done) => {
    waiting = done
  })
  const url = await listening(t, upstream)
  const keytrail = serve(t, { upstream: { url } })
  const [, api = ''] = await keytrail.says(/"api":"(http:[^"]+)"/)
  await keytrail.says(RUNNING)
  // An exchange that does not end, and keeps it from stopping within the grace.
  const hanging = fetch(`${api}/kms/v1/keys`).catch(() => 'cut off')
  await asked
  keytrail.child.kill('SIGTERM')
  await keytrail.says(/keytrail is stopping/)
  const { code } = await keytrail.insist('SIGTERM')
  t.equal(code, 143)
  t.equal(await hanging, 'cut off')
})

t.test('an error that nobody expected is logged, and ends it', async (t) => {
  const keytrail = serve(t, {}, { node: ['--import', THROW_ON_SIGNAL] })
  await keytrail.says(RUNNING)
  const { code, stdout } = await keytrail.stop('SIGUSR2')
  t.equal(code, 70)
  const last = JSON.parse(stdout.trim().split('\n').at(-1) ?? '')
  t.match(last, { level: 'fatal', code: 'INTERNAL', err: { message: 'boom' } })
})

t.test('an address in use is told, with exit code 4', async (t) => {
  const url = await listening(t, createServer())
  const bind = new URL(url).host
  for (const settings of [{ listeners: [{ name: 'api', bind, channel: 'api' }] }, { history: { bind } }]) {
    const { code, stdout, stderr } = await serve(t, settings).result()
    t.equal(code, 4)
    t.match(stderr, /^keytrail: ADDRESS_IN_USE: [^\n]*\n$/)
    t.notMatch(stdout, /running/)
  }
})

t.test('a data directory that is a file is told, with exit code 3', async (t) => {
  const path = join(t.testdir({ file: 'no directory' }), 'file')
  const { code, stderr } = await serve(t, { store: { path } }).result()
  t.equal(code, 3)
  t.match(stderr, /^keytrail: STORE_UNWRITABLE: [^\n]*\n$/)
})

t.test('a data directory in use is told, and reading commands work beside it', async (t) => {
  const store = { path: join(t.testdir({}), 'data') }
  const keytrail = serve(t, { store })
  const [, api = ''] = await keytrail.says(/"api":"(http:[^"]+)"/)
  await keytrail.says(RUNNING)
  t.equal((await fetch(`${api}/kms/v1/keys`)).status, 502)
  const second = await serve(t, { store }).result()
  t.equal(second.code, 3)
  t.match(second.stderr, /^keytrail: STORE_LOCKED: [^\n]*\n$/)
  const { code, stdout, stderr } = await runCli(t, ['history', '--unattributed', '--store', store.path])
  t.same({ code, stderr }, { code: 0, stderr: '' })
  t.match(stdout, /list-keys +failure 502/)
  t.equal((await keytrail.stop('SIGTERM')).code, 0, 'it did not suffer')
})

t.test(
  'what was journalled by a keytrail that was killed is announced, and shown by the next one',
  async (t) => {
    const store = { path: join(t.testdir({}), 'data') }
    const url = await listening(
      t,
      createServer(() => {}),
    )
    const keytrail = serve(t, { store, upstream: { url } })
    const [, api = ''] = await keytrail.says(/"api":"(http:[^"]+)"/)
    await keytrail.says(RUNNING)
    const hanging = fetch(`${api}/kms/v1/keys`).catch(() => 'cut off')
    const metrics = /keytrail_intents_total 1\n/
    const [, history = ''] = await keytrail.says(RUNNING)
    while (!metrics.test(await (await fetch(`${history}/metrics`)).text()));
    await keytrail.stop('SIGKILL')
    t.equal(await hanging, 'cut off')
    const args = ['history', '--unattributed', '--store', store.path]
    const before = await runCli(t, args)
    t.match(before, { code: 0, stdout: /^No record matches/, stderr: /^keytrail: note: .* 1 record more / })
    const next = serve(t, { store })
    await next.says(RUNNING)
    t.match(await runCli(t, args), { code: 0, stdout: /list-keys +unknown/, stderr: '' })
  },
)

/** A keytrail on free ports and a data directory of its own. */
function serve(
  t: Test,
  settings: Readonly<Record<string, unknown>> = {},
  options: CliOptions = {},
): CliProcess {
  // A second t.testdir() would empty the first one.
  const directory = existsSync(t.testdirName) ? t.testdirName : t.testdir({})
  const file = join(directory, `keytrail-${++files}.yaml`)
  const document = {
    listeners: [{ name: 'api', bind: '127.0.0.1:0', channel: 'api' }],
    upstream: { url: 'http://127.0.0.1:1' },
    store: { path: join(directory, `data-${files}`) },
    journal: { segmentSize: '1MiB', queue: '256KiB' },
    history: { bind: '127.0.0.1:0' },
    ...settings,
  }
  writeFileSync(file, JSON.stringify(document))
  return new CliProcess(t, ['serve', '--config', file], options)
}

async function listening(t: Test, server: ReturnType<typeof createServer>): Promise<string> {
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  t.teardown(() => server.close().closeAllConnections())
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}
