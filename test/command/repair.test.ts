import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { ExitCode } from '../../src/command/exit-code.ts'
import { repair } from '../../src/command/repair.ts'
import { openEnvironment, STORE_FILE } from '../../src/store/environment.ts'
import { decodeRingState } from '../../src/store/ring-state.ts'
import { begin, exchanges, numbered, openRecorder, readStore } from '../recorder/running-recorder.ts'
import { livePagesWith } from '../store/store-pages.ts'
import { verified } from '../store/verified.ts'
import { storeAt, testContext, writeStore } from './command-run.ts'

const MAP_SIZE = 2 ** 28

function filesOf(path: string): string[] {
  return readdirSync(path, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => `${name} ${readFileSync(join(parentPath, name)).toString('latin1')}`)
}

async function repaired(t: Test, path: string): Promise<{ to: string; code: number; stdout: string }> {
  const to = `${path}-repaired`
  const context = testContext()
  const before = filesOf(path)
  const code = await repair(context, { ...storeAt(path), to })
  t.strictSame(filesOf(path), before, 'the old store is as it was')
  const environment = openEnvironment({ path: to, access: 'read', mapSize: MAP_SIZE })
  t.equal(verified(environment).ok, true, 'the new one is whole')
  await environment.close()
  return { to, code, stdout: context.stdout }
}

/** Overwrites the live page with this text. */
function destroyPage(path: string, text: string): void {
  const file = join(path, STORE_FILE)
  const bytes = readFileSync(file)
  const [page = -1] = livePagesWith(path, text)
  if (page < 0) throw new Error(`no page holds ${text}`)
  bytes.fill(0, page * 4096, (page + 1) * 4096)
  writeFileSync(file, bytes)
}

const RECORDS = Array.from({ length: 300 }, (_, i) => ({
  key: i % 3 === 0 ? 'few' : 'many',
  requestId: `r${i}.`,
}))

t.test('a whole store is copied as it is, its chains included', async (t) => {
  const path = join(t.testdir({}), 'store')
  await writeStore(path, RECORDS)
  const { to, code, stdout } = await repaired(t, path)
  t.equal(code, ExitCode.ok)
  t.match(stdout, /2 rings with 300 records copied to .*: nothing is missing/)
  const [old, fresh] = [path, to].map((at) =>
    openEnvironment({ path: at, access: 'read', mapSize: MAP_SIZE }),
  )
  const state = Buffer.from('kmany')
  t.strictSame(fresh?.keys.get(state), old?.keys.get(state))
  await Promise.all([old?.close(), fresh?.close()])
})

t.test('what is damaged is missing and told with its numbers, all else is there', async (t) => {
  const path = join(t.testdir({}), 'store')
  await writeStore(path, RECORDS)
  destroyPage(path, 'r100.')
  const { to, code, stdout } = await repaired(t, path)
  t.equal(code, ExitCode.no)
  t.match(stdout, /DAMAGED page \d+/)
  const [, kept, from, last] =
    /PARTIAL many: (\d+) records kept in a new chain; missing: (\d+) to (\d+)/.exec(stdout) ?? []
  t.equal(Number(kept) + Number(last) - Number(from) + 1, 200)
  const environment = openEnvironment({ path: to, access: 'read', mapSize: MAP_SIZE })
  const { rings } = verified(environment)
  t.strictSame(
    rings.map(({ key, records }) => [key, records]),
    [
      ['few', 100],
      ['many', Number(kept)],
    ],
  )
  t.equal(
    decodeRingState(environment.keys.get(Buffer.from('kmany')) ?? Buffer.alloc(0)).lost,
    200 - Number(kept),
  )
  await environment.close()
  const recorder = await openRecorder(t, to)
  await exchanges(recorder, { count: 10 })
  await recorder.close()
})

t.test('what only the journal holds is taken from there, as far as it is whole', async (t) => {
  const path = join(t.testdir({}), 'store')
  const recorder = await openRecorder(t, path)
  await begin(recorder, numbered('open', { key: 'k0' }))
  await exchanges(recorder, { count: 20 })
  await recorder.close()
  const { to, code, stdout } = await repaired(t, path)
  t.equal(code, ExitCode.ok, stdout)
  const { outcomes } = await readStore(t, to)
  t.equal(outcomes.size, 21)
  t.strictSame(outcomes.get('open'), ['unknown'])
})

t.test('nothing is overwritten, and nothing made where there is nothing to repair', async (t) => {
  const path = t.testdir({ full: { notes: 'mine' } })
  await writeStore(join(path, 'store'), RECORDS.slice(0, 3))
  const into = (to: string) => repair(testContext(), { ...storeAt(join(path, 'store')), to })
  await t.rejects(into(join(path, 'full')), { code: 'STORE_UNWRITABLE' })
  await t.rejects(repair(testContext(), { ...storeAt(join(path, 'none')), to: join(path, 'new') }), {
    code: 'STORE_MISSING',
  })
  t.notOk(existsSync(join(path, 'new')))
  const recorder = await openRecorder(t, join(path, 'store'))
  await t.rejects(into(join(path, 'new')), { code: 'STORE_LOCKED' })
  await recorder.close()
})
