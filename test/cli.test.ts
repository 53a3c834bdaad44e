import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import t from 'tap'
import { CliProcess, runCli } from './command/cli-process.ts'
import { writeStore } from './command/command-run.ts'

const COMMANDS = [
  ...['serve', 'demo', 'devkms', 'keys', 'history', 'verify', 'compact', 'repair', 'clock'],
  ...['config check', 'health'],
]

t.test('help names every command, and each has an example and the exit codes', async (t) => {
  const { code, stdout } = await runCli(t, ['--help'])
  t.equal(code, 0)
  for (const command of COMMANDS) t.match(stdout, new RegExp(`^ {2}${command.split(' ')[0]} `, 'm'))
  t.match(stdout, /Exit codes:/)
  const helps = await Promise.all(COMMANDS.map((command) => runCli(t, [...command.split(' '), '--help'])))
  for (const [index, help] of helps.entries()) {
    t.equal(help.code, 0)
    t.match(help.stdout, new RegExp(`Example:\\n.*keytrail ${COMMANDS[index]}`))
    t.match(help.stdout, /Exit codes:/)
  }
})

t.test('the version is the package’s', async (t) => {
  const { code, stdout } = await runCli(t, ['--version'])
  t.equal(code, 0)
  t.match(stdout, /^\d+\.\d+\.\d+\n$/)
})

t.test('a mistake in the command line is exit code 2, on standard error', async (t) => {
  const lines = [
    [],
    ['frobnicate'],
    ['config'],
    ['serve', '--frobnicate'],
    ['serve', 'too', 'many'],
    ['demo', '--seconds', '0'],
    ['demo', '--rate', '-1'],
    ['demo', '--port', '65534'],
    ['history'],
    ['history', 'a', '--unattributed'],
    ['history', 'a', '--limit', '0'],
    ['history', 'a', '--limit', '1.5'],
    ['history', 'a', '--from', 'yesterday'],
    ['history', 'a', '--from', '2023-11-15T00:00:00Z', '--to', '2023-11-14T00:00:00Z'],
    ['history', 'a', '--outcome', 'failed'],
    ['health', '--url', 'ftp://x'],
  ]
  for (const args of lines) {
    const { code, stdout, stderr } = await runCli(t, args)
    t.same({ code, stdout }, { code: 2, stdout: '' }, args.join(' '))
    t.match(stderr, args.length > 1 ? /^keytrail: / : /./, args.join(' '))
    t.notMatch(stderr, / {4}at /, 'no stack')
  }
})

t.test('KEYTRAIL_CONFIG names the configuration, KEYTRAIL_ variables override it', async (t) => {
  const directory = t.testdir({ 'keytrail.yaml': 'store: { path: from-file }\n', bad: 'x: [' })
  const check = (env: Record<string, string>) => runCli(t, ['config', 'check'], { env, cwd: directory })
  t.match(await check({ KEYTRAIL_CONFIG: 'keytrail.yaml' }), { code: 0, stdout: /path: from-file/ })
  const both = { KEYTRAIL_CONFIG: 'keytrail.yaml', KEYTRAIL_STORE_PATH: 'from-env', KEYTRAIL_DEBUG: '1' }
  t.match(await check(both), { code: 0, stdout: /path: from-env/ })
  t.match(await check({ KEYTRAIL_CONFIG: 'bad' }), { code: 2, stderr: /^keytrail: CONFIG_INVALID: / })
  t.match(await check({ KEYTRAIL_STROE_PATH: 'x' }), { code: 2, stderr: /KEYTRAIL_STORE_PATH/ })
})

t.test('commands that read find the store of the configuration', async (t) => {
  const directory = t.testdir({ 'keytrail.yaml': 'store: { path: data }\n', data: {} })
  await writeStore(join(directory, 'data'), [{ key: 'billing' }])
  const run = (...args: string[]) =>
    runCli(t, [...args, '--config', 'keytrail.yaml'], {
      cwd: directory,
      env: { KEYTRAIL_RETENTION_DAYS: '36500' },
    })
  t.match(await run('keys'), { code: 0, stdout: /^billing +1 /m })
  t.match(await run('verify'), { code: 0, stdout: /every chain is whole/ })
  t.match(await run('history', 'billing', '--from', '2023-11-14T00:00:00Z'), { code: 0, stdout: /1 record,/ })
  t.match(await run('history', 'nobody'), { code: 1, stderr: /^keytrail: KEY_UNKNOWN: / })
  t.match(await run('keys', '--store', 'none'), { code: 3, stderr: /^keytrail: STORE_MISSING: / })
})

t.test('a reader of the output may leave early', async (t) => {
  const path = t.testdir({})
  await writeStore(
    path,
    Array.from({ length: 5000 }, (_, index) => ({ key: 'a', requestId: `${index}`.repeat(20) })),
  )
  const env = { KEYTRAIL_RETENTION_DAYS: '36500' }
  const run = new CliProcess(t, ['history', 'a', '--json', '--limit', '5000', '--store', path], { env })
  await once(run.child.stdout ?? run.child, 'data')
  run.child.stdout?.destroy()
  const { code, stderr } = await run.result()
  t.same({ code, stderr }, { code: 0, stderr: '' })
})

t.test('it runs from wherever npm links it', async (t) => {
  const link = join(
    t.testdir({ link: t.fixture('symlink', new URL('../dist/cli.js', import.meta.url).pathname) }),
    'link',
  )
  const child = spawn(process.execPath, [link, 'config', 'check'], { env: {}, stdio: 'ignore' })
  const [code] = await once(child, 'exit')
  t.equal(code, 0)
})
