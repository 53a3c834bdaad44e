import { execFileSync, spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { deployFile } from './manifest.ts'

/** `systemd-analyze security`: from 0 (all that can be is confined) to 10. */
const MOST_EXPOSED = 2

const installed = spawnSync('systemd-analyze', ['--version']).status === 0
if (!installed && process.env['CI']) t.fail('systemd-analyze is missing: apt-get install systemd')

t.test(
  'the unit is valid and confined',
  { skip: installed ? false : 'no systemd-analyze here' },
  async (t) => {
    const unit = deployFile('keytrail.service')
    const file = join(t.testdir({}), 'keytrail.service')
    const [, program = ''] = /^ExecStart=(\S+)/m.exec(unit) ?? []
    writeFileSync(file, unit.replaceAll(program, process.execPath))
    t.equal(execFileSync('systemd-analyze', ['verify', file], { encoding: 'utf8' }), '')
    const { stdout } = spawnSync('systemd-analyze', ['security', '--offline=true', file], {
      encoding: 'utf8',
    })
    const [, level = '10'] = /exposure level for keytrail.service: ([\d.]+)/.exec(stdout) ?? []
    t.ok(Number(level) <= MOST_EXPOSED, `exposure ${level}`)
  },
)

t.test('it stops later than keytrail wants to', async (t) => {
  const [, seconds] = /^TimeoutStopSec=(\d+)$/m.exec(deployFile('keytrail.service')) ?? []
  t.ok(Number(seconds) > 25)
})
