import { readdirSync, readFileSync } from 'node:fs'
import t, { type Test } from 'tap'
import { CliProcess, runCli } from '../command/cli-process.ts'

/** Reading the history at the end, with fetch, does not come to an end. */
const NEVER_STOPS = 'data:text/javascript,globalThis.fetch = () => new Promise(() => {})'

t.test('ends by itself, has sent varied traffic, and misses nothing of it', async (t) => {
  t.testdir({})
  const { code, stdout, stderr } = await runCli(t, ['demo', '--seconds', '3', '--rate', '100', '--port', '0'])
  t.same({ code, stderr }, { code: 0, stderr: '' })
  const [, sent, success, failure] = expectMatch(
    t,
    stdout,
    /^sent +(\d+) requests in .* s: (\d+) success, (\d+) failure$/m,
  )
  t.ok(Number(sent) > 20, `${sent} requests`)
  t.equal(Number(success) + Number(failure), Number(sent))
  const [, found] = expectMatch(t, stdout, /^recorded +(\d+) found/m)
  const [, destroyed = 0] = /(\d+) more destroyed/.exec(stdout) ?? []
  t.equal(Number(found) + Number(destroyed), Number(sent))
  t.match(stdout, /^missing +0$/m)
  t.same(readdirSync(t.testdirName), [], 'nothing is left behind')
})

t.test('the lines it suggests work while it runs, and Ctrl-C ends it with its summary', async (t) => {
  t.testdir({})
  const demo = new CliProcess(t, ['demo', '--rate', '50', '--port', '0'])
  const [, native = ''] = await demo.says(/curl -s '(http[^']+\/history\?limit=3)'/)
  const [, activities = ''] = await demo.says(/curl -s '(http[^']+\/activities\?pageSize=3)'/)
  const [, key = '', config = ''] = await demo.says(/history (\S+) --config (\S+)/)
  t.match(await json(native), { records: [{ key }], coverage: { evictedByCount: 0 } })
  t.match(await json(activities), {
    code: 'SUCCESS',
    data: { activityLogList: [{ data: { kmsKey: { keyTag: key } } }] },
  })
  t.match(JSON.parse(readFileSync(config, 'utf8')), { listeners: [{ bind: /^127\.0\.0\.1:[1-9]/ }, {}] })
  t.match(await runCli(t, ['history', key, '--limit', '10000', '--config', config]), {
    code: 0,
    stdout: /create-key/,
    stderr: '',
  })
  t.match(await runCli(t, ['keys', '--config', config]), { code: 0, stdout: key })
  t.match(await runCli(t, ['verify', key, '--config', config]), { code: 0, stdout: /every chain is whole/ })
  t.match(await runCli(t, ['health', '--config', config]), { code: 0, stdout: 'ready\n' })
  const { code, stdout } = await demo.stop('SIGINT')
  t.equal(code, 0)
  t.match(stdout, /^missing +0$/m)
  t.same(readdirSync(t.testdirName), [], 'nothing is left behind')
})

t.test('a second Ctrl-C ends it at once, and leaves nothing behind either', async (t) => {
  t.testdir({})
  const demo = new CliProcess(t, ['demo', '--rate', '50', '--port', '0'], { node: ['--import', NEVER_STOPS] })
  await demo.says(/curl/)
  const { code, stdout } = await demo.insist('SIGINT')
  t.equal(code, 130)
  t.notMatch(stdout, /^sent/m)
  t.same(readdirSync(t.testdirName), [], 'nothing is left behind')
})

function expectMatch(t: Test, text: string, pattern: RegExp): readonly string[] {
  const found = pattern.exec(text)
  t.ok(found, `${pattern} in ${text}`)
  return found ?? []
}

async function json(url: string): Promise<unknown> {
  return (await fetch(url)).json()
}
