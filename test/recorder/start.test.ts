import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { copyRing } from '../scale/copy-ring.ts'
import { TestStore } from '../store/open-store.ts'
import { exchange, numbered, openRecorder } from './running-recorder.ts'

const RINGS = 10
const TIMES = 20
const RETENTION = { records: 3000, ageMs: 86_400_000, tombstoneMs: 86_400_000 }

/** A store of full rings, some of them destroyed, that a recorder has closed; returns the bytes of its file. */
async function writeStore(t: Test, path: string, rings: number): Promise<number> {
  const store = new TestStore(path, RETENTION, 10_000, 2 ** 30)
  store.now = Date.now()
  store.commit(() => {
    for (let i = 0; i < RETENTION.records; i++) store.submit({ key: 'full', requestId: `request-${i}` })
  })
  const keys = copyRing(store, 'full', rings)
  for (const key of keys.filter((_, i) => i % 5 === 0)) store.append({ key }, { destruction: 'now' })
  await store.environment.close()
  const recorder = await openRecorder(t, path, { mapSize: 2 ** 30, retention: RETENTION })
  await recorder.close()
  return statSync(join(path, 'store.mdb')).size
}

/** Bytes that this process has read by system calls. */
function bytesRead(): number {
  return Number(/^rchar: (\d+)/m.exec(readFileSync('/proc/self/io', 'latin1'))?.[1])
}

/** Bytes of the mapped store that this process has touched. */
function bytesMapped(path: string): number {
  const maps = readFileSync('/proc/self/smaps', 'latin1').split(/\n(?=[0-9a-f]+-[0-9a-f]+ )/)
  return maps
    .filter((map) => map.split('\n', 1)[0]?.endsWith(join(path, 'store.mdb')))
    .reduce((sum, map) => sum + 1024 * Number(/^Rss: +(\d+) kB/m.exec(map)?.[1]), 0)
}

interface Looked {
  readonly read: number
  readonly mapped: number
}

/** What a start looks at. */
async function start(t: Test, path: string): Promise<Looked> {
  const before = bytesRead()
  const recorder = await openRecorder(t, path, { mapSize: 2 ** 30, retention: RETENTION })
  const read = bytesRead() - before
  const mapped = bytesMapped(path)
  await exchange(recorder, numbered('after'))
  await recorder.close()
  return { read, mapped }
}

t.test(
  'a start looks at no more of a large store than of a small one',
  { skip: process.platform !== 'linux' && 'NOT CHECKED: needs /proc' },
  async (t) => {
    const { small, large } = { small: join(t.testdir(), 'small'), large: join(t.testdirName, 'large') }
    const sizes = [await writeStore(t, small, RINGS), await writeStore(t, large, RINGS * TIMES)] as const
    t.ok(sizes[1] > 15 * sizes[0], `stores of ${sizes} bytes`)
    // By now the code of the threads has been read once.
    const few = await start(t, small)
    const many = await start(t, large)
    t.comment({ sizes, few, many })
    t.ok(few.mapped > 0 && few.read > 0, 'both are seen')
    // Trees are deeper by a page or two, each of which the system maps with its neighbours; there are more free pages.
    const allowed = sizes[1] / 20
    t.ok(many.read - few.read < allowed, `${many.read} bytes read, ${few.read} of the small one`)
    t.ok(many.mapped - few.mapped < allowed, `${many.mapped} bytes touched, ${few.mapped} of the small one`)
  },
)
