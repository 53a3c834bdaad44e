import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { parse } from 'yaml'
import { checkConfig } from '../../src/command/config-check.ts'
import { ExitCode } from '../../src/command/exit-code.ts'
import { DEFAULT_CONFIG_FILE } from '../../src/command/installation.ts'
import { runCli } from './cli-process.ts'
import { testContext } from './command-run.ts'

t.test('prints the effective configuration as YAML that is valid itself', async (t) => {
  const context = testContext({ KEYTRAIL_UPSTREAM_URL: 'https://kms.example' })
  t.equal(checkConfig(context, DEFAULT_CONFIG_FILE), ExitCode.ok)
  t.match(context.stdout, /^# valid: .*keytrail\.yaml, .*\n/)
  t.match(parse(context.stdout), { upstream: { url: 'https://kms.example' }, retention: { records: 30_000 } })
  const file = join(t.testdir({}), 'effective.yaml')
  writeFileSync(file, context.stdout)
  const again = testContext()
  t.equal(checkConfig(again, file), ExitCode.ok)
  t.same(parse(again.stdout), parse(context.stdout))
})

t.test('tells every problem at once, with exit code 2', async (t) => {
  const text = 'listeners: []\nupstream: { url: ftp://x }\nretention: { records: 0 }\nstroe: { path: x }\n'
  const file = join(t.testdir({ 'keytrail.yaml': text }), 'keytrail.yaml')
  const { code, stdout, stderr } = await runCli(t, ['config', 'check', file])
  t.equal(code, 2)
  t.equal(stdout, '')
  t.match(stderr, /^keytrail: CONFIG_INVALID: /)
  for (const name of ['listeners', 'upstream.url', 'retention.records', 'stroe']) t.match(stderr, `- ${name}`)
})

t.test('a dialect with mistakes, or none, is no valid configuration', async (t) => {
  const directory = t.testdir({
    'invalid.yaml': 'dialect: ./no-dialect.yaml\n',
    'no-dialect.yaml': 'name: 1\n',
    'missing.yaml': 'dialect: elvish\n',
  })
  const invalid = await runCli(t, ['config', 'check', 'invalid.yaml'], { cwd: directory })
  t.equal(invalid.code, 2)
  t.match(invalid.stderr, /^keytrail: DIALECT_INVALID: /)
  const missing = await runCli(t, ['config', 'check', 'missing.yaml'], { cwd: directory })
  t.equal(missing.code, 2)
  t.match(missing.stderr, /^keytrail: DIALECT_UNREADABLE: /)
})

t.test('a file that is missing, or no YAML, is told', async (t) => {
  const directory = t.testdir({ 'broken.yaml': 'upstream: { url: [' })
  t.throws(() => checkConfig(testContext(), join(directory, 'none.yaml')), { code: 'CONFIG_UNREADABLE' })
  t.throws(() => checkConfig(testContext(), join(directory, 'broken.yaml')), { code: 'CONFIG_INVALID' })
})
