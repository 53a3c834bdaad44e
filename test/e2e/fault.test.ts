import { readFileSync, renameSync, rmSync, statfsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { type DiskFault, type FaultyDisk, faultyDisk } from '../helper/faulty-disk.ts'
import { hasCompiler } from '../helper/preload.ts'
import { smallFileSystem, unmountable } from '../helper/small-file-system.ts'
import { unchecked } from '../helper/unchecked.ts'
import { TestStore } from '../store/open-store.ts'
import { checkLog, type Fault, observe, observeEnd } from './fault/fault.ts'
import { type Answer, runScene, type Scene } from './fault/scene.ts'

const TABLE = new URL('FAULTS.md', import.meta.url)

const ABOUT = `# Faults of the store

Written by \`test/e2e/fault.test.ts\`, which fails where this does not hold (\`TEST_FAULTS=write\` writes it anew): what
can be seen from outside of a built keytrail (\`strict\`) while its store can't be written. Each fault is logged by the
part that fails and by the requests that are refused for it, no more than once in five seconds each. Threads that end
are in \`../recorder/restart.test.ts\`. A write that fails makes
lmdb 3.5.6 tell of it in a buffer that may be too small: keytrail can end then, and is as complete when started anew.

| fault | client | upstream | \`/readyz\` | \`reason\` of the metric | history afterwards | resumes |
|---|---|---|---|---|---|---|
`

const NO_COMPILER = hasCompiler() ? false : unchecked('faults of the disk need gcc')
const NO_MOUNT = unmountable()
/** Lines of the table. */
const rows: string[] = []

/** While the disk has `fault`. */
function ofDisk(disk: FaultyDisk, fault: DiskFault) {
  return { begin: () => disk.begin(fault), end: () => disk.end(fault) }
}

function movedAway({ sidecar: { dataDir } }: Scene, name: string): Fault {
  const file = join(dataDir, name)
  return {
    name: `${name === '' ? 'data directory' : `\`${name}\``} moved away`,
    reason: 'files-changed',
    ready: /has been deleted/,
    begin: () => renameSync(file, `${dataDir}.away`),
    end: () => renameSync(`${dataDir}.away`, file),
  }
}

/** More requests at once than the queue has room for, while nothing leaves it. */
function queueFull(disk: FaultyDisk): Fault {
  let waiting: Promise<Answer>[] = []
  return {
    name: 'queue full',
    reason: 'queue-full',
    ready: null,
    async begin(scene) {
      disk.begin('hang')
      waiting = Array.from({ length: 400 }, () => scene.use('k'.repeat(200)))
    },
    async end() {
      disk.end('hang')
      await Promise.all(waiting)
    },
  }
}

t.test('a disk with faults, files that are gone', { skip: NO_COMPILER, timeout: 120_000 }, async (t) => {
  const disk = faultyDisk(t)
  if (disk === null) return
  const settings = { journal: { segmentSize: '1MiB', queue: '64KiB', deadline: '3s' } }
  const scene = await runScene(t, settings, undefined, disk.env)
  const faults: Fault[] = [
    {
      name: 'EIO, journal',
      reason: 'io-error',
      ready: /the journal can't be written: EIO/,
      ...ofDisk(disk, 'journal'),
    },
    ...['store.mdb', 'journal', ''].map((name) => movedAway(scene, name)),
    queueFull(disk),
    {
      name: 'syncs that hang',
      reason: 'deadline',
      ready: /the journal took longer than 3000 ms/,
      ...ofDisk(disk, 'hang'),
    },
    {
      name: 'EIO, meta page of `store.mdb`',
      reason: 'io-error',
      ready: /the rings can't be written/,
      ...ofDisk(disk, 'meta'),
      needsRestart: true,
    },
  ]
  for (const fault of faults) rows.push(await observe(t, scene, fault))
  checkLog(t, scene, 'io-error')
  // lmdb 3.5.6 tells of a failed write in a buffer that is too small for it (mdb_page_flush): that may end a process.
  const again = await runScene(t, settings, undefined, disk.env)
  const pages = {
    name: 'EIO, other pages of `store.mdb`',
    reason: 'io-error',
    ...ofDisk(disk, 'store'),
  } as const
  rows.push(await observeEnd(t, again, pages))
})

t.test('a disk that is full', { skip: NO_MOUNT, timeout: 120_000 }, async (t) => {
  const path = smallFileSystem(t, 24)
  const filler = join(path, 'filler')
  const scene = await runScene(t, {}, join(path, 'data'))
  rows.push(
    await observe(t, scene, {
      name: 'disk full',
      reason: 'disk-full',
      ready: /can't be written/,
      begin() {
        const { bavail, bsize } = statfsSync(path)
        writeFileSync(filler, Buffer.alloc(bavail * bsize))
      },
      end: () => rmSync(filler),
    }),
  )
  checkLog(t, scene, 'disk-full')
})

const DAY_MS = 86_400_000
const MAP_BYTES = 16 * 2 ** 20

/** A store that is full of records which are too old in half an hour. */
async function fullStore(t: Test): Promise<string> {
  const path = t.testdir({})
  const retention = { records: 30_000, ageMs: DAY_MS, tombstoneMs: DAY_MS }
  const store = new TestStore(path, retention, 1000, MAP_BYTES)
  store.now = Date.now() - DAY_MS + DAY_MS / 48
  for (let key = 0; !store.environment.full; key++)
    store.commit(() => {
      for (let i = 0; i < 200; i++) store.submit({ key: `old-${key}`, reason: 'x'.repeat(900) })
    })
  await store.environment.close()
  return path
}

t.test('a store that is full', { skip: NO_COMPILER, timeout: 120_000 }, async (t) => {
  const disk = faultyDisk(t)
  if (disk === null) return
  const path = await fullStore(t)
  const settings = { store: { path, mapSize: '16MiB' }, retention: { days: 1 } }
  const scene = await runScene(t, settings, path, disk.env)
  const fault: Fault = {
    name: '`store.mapSize` in use',
    reason: 'map-full',
    ready: /store.mapSize is in use/,
    begin: () => undefined,
    // Retention makes room.
    end: () => disk.begin('later'),
  }
  rows.push(await observe(t, scene, fault))
})

t.test('the table is up to date', { skip: NO_COMPILER || NO_MOUNT }, async (t) => {
  const table = `${ABOUT}${rows.join('\n')}\n`
  if (process.env['TEST_FAULTS'] === 'write') writeFileSync(TABLE, table)
  t.equal(table, readFileSync(TABLE, 'utf8'))
})
