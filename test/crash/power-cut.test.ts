import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { unchecked } from '../helper/unchecked.ts'
import { buildPowerCut, cutPower, powerCutEnvironment } from './power-cut.ts'
import { seeded } from './seeded.ts'

const library = buildPowerCut(t.testdir({}))
const skip = library === null ? unchecked('power cuts need gcc') : false

/** Runs `program` with `fs` at hand in a directory with the file `old` and cuts the power when it has ended. */
function run(t: Test, program: string, { share = 1, seed = 1, lies = false } = {}): string {
  const path = t.testdir({ cut: {}, data: { old: 'before'.repeat(1000) } })
  const options = { below: join(path, 'data'), directory: join(path, 'cut'), lies }
  const { status, stderr } = spawnSync(
    process.execPath,
    ['-e', `const fs = require('node:fs'); ${program}; process.kill(process.pid, 'SIGKILL')`],
    { cwd: options.below, env: powerCutEnvironment(library ?? '', options), encoding: 'utf8' },
  )
  t.equal(status, null, stderr)
  cutPower(options, share, seeded(seed))
  return options.below
}

/** Opens a file of the directory, by its whole path as keytrail does. */
const OPEN = `const open = (name, flags) => fs.openSync(process.cwd() + '/' + name, flags)`
const OLD = 'before'.repeat(1000)

t.test('what was written and not synced is gone; what was synced stays', { skip }, async (t) => {
  const text = (path: string): string => readFileSync(join(path, 'old'), 'latin1')
  const write = `${OPEN}; const fd = open('old', 'r+'); fs.writeSync(fd, 'AFTER', 100)`
  t.equal(text(run(t, write)), OLD)
  const changed = `${OLD.slice(0, 100)}AFTER${OLD.slice(105)}`
  t.equal(text(run(t, `${write}; fs.fdatasyncSync(fd)`)), changed)
  t.equal(text(run(t, `${write}; fs.fsyncSync(fd)`)), changed)
  t.equal(text(run(t, `${write}; fs.fdatasyncSync(fd)`, { lies: true })), OLD, 'a disk that lies')
  t.equal(
    text(run(t, `${write}; fs.fdatasyncSync(fd); fs.writevSync(fd, [Buffer.from('LATER')], 0)`)),
    changed,
  )
  const synchronous = `${OPEN}; const fd = open('old', fs.constants.O_RDWR | fs.constants.O_DSYNC)`
  t.equal(text(run(t, `${synchronous}; fs.writeSync(fd, 'AFTER', 100)`)), changed)
})

t.test('so are lengths', { skip }, async (t) => {
  const length = (path: string): number => readFileSync(join(path, 'old')).length
  const longer = `${OPEN}; const fd = open('old', 'r+'); fs.writeSync(fd, 'x'.repeat(5000), 6000)`
  t.equal(length(run(t, longer)), 6000)
  t.equal(length(run(t, `${longer}; fs.fdatasyncSync(fd)`)), 11_000)
  const cut = `${OPEN}; const fd = open('old', 'r+'); fs.ftruncateSync(fd, 10)`
  t.equal(readFileSync(join(run(t, cut), 'old'), 'latin1'), OLD)
  t.equal(length(run(t, `${cut}; fs.fsyncSync(fd)`)), 10)
  t.equal(readFileSync(join(run(t, `${OPEN}; open('old', 'w')`), 'old'), 'latin1'), OLD)
})

t.test('and names, until their directory is synced', { skip }, async (t) => {
  const sync = `fs.fsyncSync(open('.', 'r'))`
  const made = `${OPEN}; const fd = open('new', 'w'); fs.writeSync(fd, 'x'); fs.fsyncSync(fd)`
  t.notOk(existsSync(join(run(t, made), 'new')))
  t.equal(readFileSync(join(run(t, `${made}; ${sync}`), 'new'), 'latin1'), 'x')
  const renamed = `${made}; ${sync}; fs.renameSync(process.cwd() + '/new', process.cwd() + '/old')`
  const path = run(t, renamed)
  t.equal(readFileSync(join(path, 'old'), 'latin1'), OLD)
  t.equal(readFileSync(join(path, 'new'), 'latin1'), 'x')
  t.equal(readFileSync(join(run(t, `${renamed}; ${sync}`), 'old'), 'latin1'), 'x')
  const removed = `${OPEN}; fs.unlinkSync(process.cwd() + '/old')`
  t.equal(readFileSync(join(run(t, removed), 'old'), 'latin1'), OLD)
  t.notOk(existsSync(join(run(t, `${removed}; ${sync}`), 'old')))
})

t.test('by chance, some sectors of a write are there and others are not', { skip }, async (t) => {
  const write = `${OPEN}; const fd = open('old', 'r+'); fs.writeSync(fd, 'x'.repeat(6000), 0)`
  const text = readFileSync(join(run(t, write, { share: 0.5, seed: 7 }), 'old'), 'latin1')
  const sectors = Array.from({ length: 11 }, (_, i) => text.slice(i * 512, i * 512 + 512))
  const kept = sectors.filter((sector) => sector === 'x'.repeat(512)).length
  const undone = sectors.filter((sector, i) => sector === OLD.slice(i * 512, i * 512 + 512)).length
  t.ok(kept > 0 && undone > 0 && kept + undone === 11, `${kept} kept, ${undone} undone`)
})

t.test('a data directory that was just made stays', { skip }, async (t) => {
  const path = t.testdir({ cut: {} })
  const options = { below: join(path, 'data'), directory: join(path, 'cut') }
  const module = new URL('../../dist/store/lock.js', import.meta.url).href
  const program = `import(${JSON.stringify(module)}).then(async ({ lockDirectory }) => {
    await lockDirectory(${JSON.stringify(options.below)})
    process.kill(process.pid, 'SIGKILL')
  })`
  spawnSync(process.execPath, ['-e', program], { env: powerCutEnvironment(library ?? '', options) })
  t.ok(existsSync(options.below))
  cutPower(options, 1, seeded(1))
  t.ok(existsSync(options.below))
})
