import { copyFileSync, readFileSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import t, { type Test } from 'tap'
import type { KeytrailError } from '../../src/errors.ts'
import { unusablePages } from '../../src/store/check-pages.ts'
import { openEnvironment, STORE_FILE } from '../../src/store/environment.ts'
import { verifyStore } from '../../src/store/verify.ts'
import { TestStore } from './open-store.ts'
import { readPages } from './store-pages.ts'

const PAGE = 4096
const RETENTION = { records: 300, ageMs: 1e9, tombstoneMs: 1e9 }

/** A store with large, small and destroyed rings, credentials and timers; closed. */
async function writtenStore(path: string): Promise<void> {
  const store = new TestStore(path, RETENTION, 1000)
  for (let i = 0; i < 400; i++) {
    store.commit(() => {
      for (let j = 0; j < 3; j++) store.submit({ key: 'large', requestId: `${i}-${j}` })
      store.submit({ key: `small-${i % 60}` })
      if (i % 40 === 39) store.submit({ key: `small-${i % 60}` }, { destruction: 'now' })
      if (i % 50 === 0)
        store.writer.learn({
          hash: Buffer.alloc(32, i),
          expires: store.now + 1e6,
          issuer: 'alice',
          key: 'large',
        })
    })
  }
  await store.environment.close()
}

/** What a start, or else verify, says of the store: a code, «damage», or null where all is well. */
async function judged(path: string): Promise<string | null> {
  try {
    const environment = openEnvironment({ path, access: 'read', mapSize: 2 ** 28 })
    try {
      return verifyStore(environment).ok ? null : 'damage'
    } finally {
      await environment.close()
    }
  } catch (error) {
    return (error as KeytrailError).code
  }
}

async function copied(t: Test): Promise<{ path: string; file: string; whole: Buffer }> {
  const path = t.testdir({ original: {}, copy: {} })
  await writtenStore(join(path, 'original'))
  const file = join(path, 'copy', STORE_FILE)
  copyFileSync(join(path, 'original', STORE_FILE), file)
  return { path: join(path, 'copy'), file, whole: readFileSync(file) }
}

t.test('any flipped bit is noticed, unless it changes nothing that is stored', async (t) => {
  const { path, file, whole } = await copied(t)
  t.equal(await judged(path), null)
  const { used, entries } = readPages(path)
  const pages = [...used].filter((page) => page > 1)
  t.ok(pages.length > 20)
  const seen = { noticed: 0, harmless: 0 }
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...pages), fc.nat(PAGE * 8 - 1), async (page, bit) => {
      const bytes = Buffer.from(whole)
      const at = page * PAGE + (bit >> 3)
      bytes[at] = (bytes[at] ?? 0) ^ (1 << (bit & 7))
      writeFileSync(file, bytes)
      if ((await judged(path)) !== null) return ++seen.noticed > 0
      seen.harmless++
      return readPages(path).entries.join('\n') === entries.join('\n')
    }),
    { numRuns: 150 },
  )
  t.comment(`${seen.noticed} noticed, ${seen.harmless} in unused bytes`)
  t.ok(seen.noticed > 50)
})

t.test('a page overwritten with zeros or with another page is noticed', async (t) => {
  const { path, file, whole } = await copied(t)
  const pages = [...readPages(path).used].filter((page) => page > 1)
  for (const [i, page] of pages.entries()) {
    if (i % 3 !== 0) continue
    const other = pages[(i + 7) % pages.length] ?? 2
    for (const content of [Buffer.alloc(PAGE), whole.subarray(other * PAGE, (other + 1) * PAGE)]) {
      const bytes = Buffer.from(whole)
      content.copy(bytes, page * PAGE)
      writeFileSync(file, bytes)
      if ((await judged(path)) === null) t.fail(`page ${page}`)
    }
  }
})

t.test('a file that was cut is refused, also with whole meta pages; free pages may be missing', async (t) => {
  const { path, file, whole } = await copied(t)
  const last = Math.max(...readPages(path).used)
  for (const size of [PAGE * 2, PAGE * 3, whole.length / 2, last * PAGE, last * PAGE + 100]) {
    writeFileSync(file, whole)
    truncateSync(file, size)
    t.equal(await judged(path), 'STORE_DAMAGED', `${size} bytes`)
  }
  writeFileSync(file, whole)
  truncateSync(file, (last + 1) * PAGE)
  t.equal(await judged(path), null)
})

t.test('whatever its number, no transaction makes a sound store look damaged', async (t) => {
  const path = t.testdir({})
  const store = new TestStore(path, RETENTION, 1000)
  const found: unknown[] = []
  // The tree of free pages is ordered by transactions, whose bytes are not: 255 before 256.
  for (let i = 0; i < 600; i++) {
    store.commit(() => store.submit({ key: `key-${i % 7}` }))
    const damage = unusablePages(join(path, STORE_FILE))
    if (damage !== null) found.push([i, damage])
  }
  t.same(found, [])
  await store.environment.close()
  t.equal(await judged(path), null)
})
