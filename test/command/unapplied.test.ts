import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { keys } from '../../src/command/keys.ts'
import {
  EntryKind,
  encodeAbandon,
  encodeSubmission,
  MAX_ENTRY_BYTES,
  NO_EFFECT,
} from '../../src/recorder/entry.ts'
import {
  encodeGroupHeader,
  encodeLiveHeader,
  FIRST_GROUP,
  GROUP_HEADER_BYTES,
  GROUP_OVERHEAD,
} from '../../src/recorder/segment.ts'
import { slotPath } from '../../src/recorder/slots.ts'
import { lockDirectory } from '../../src/store/lock.ts'
import { instanceOf } from '../../src/store/meta.ts'
import { auditRecord } from '../store/audit-record.ts'
import { storeAt, testContext, writeStore } from './command-run.ts'

t.test('nothing is said of a journal that is wholly applied, or not there', async (t) => {
  t.equal(await noteOn(t.testdir({}), []), '')
  t.equal(await noteOn(t.testdir({}), [entry(EntryKind.intent, 1), entry(EntryKind.record, 1)], 1e9), '')
})

t.test('records that wait for the next start are counted, whether they have an outcome or not', async (t) => {
  const answered = [entry(EntryKind.intent, 1), entry(EntryKind.record, 1), entry(EntryKind.record, 0)]
  t.match(await noteOn(t.testdir({}), answered), /^keytrail: note: .* 2 records more /)
  t.match(await noteOn(t.testdir({}), [...answered, entry(EntryKind.intent, 2)]), / 3 records more /)
  t.match(await noteOn(t.testdir({}), [entry(EntryKind.intent, 1), abandon(1)]), / 1 record more /)
})

t.test('beside a running keytrail nothing is said: it applies what is in the journal', async (t) => {
  const short = mkdtempSync(join(tmpdir(), 'keytrail-'))
  t.teardown(() => rmSync(short, { recursive: true }))
  for (const path of [short, join(t.testdir({}), 'deep'.repeat(30))]) {
    const lock = await lockDirectory(path)
    t.equal(await noteOn(path, [entry(EntryKind.record, 0)]), '')
    await lock.release()
    const context = testContext()
    await keys(context, storeAt(path))
    t.match(context.stderr, / 1 record more /, 'it has stopped')
  }
})

/** What `keys` notes on a store whose journal holds these entries, of which `applied` bytes are in the rings. */
async function noteOn(path: string, entries: readonly Buffer[], applied = 1): Promise<string> {
  await writeStore(path, [{ key: 'a' }], ({ writer, now, environment }) => {
    if (applied > 1) writer.commit(applied, now, () => {})
    if (entries.length > 0) writeJournal(path, instanceOf(environment.meta), entries)
  })
  const context = testContext()
  await keys(context, storeAt(path))
  t.match(context.stdout, '1 key, 1 record')
  return context.stderr
}

function entry(kind: number, ticket: number): Buffer {
  const bytes = Buffer.alloc(MAX_ENTRY_BYTES)
  return bytes.subarray(0, encodeSubmission(kind, ticket, auditRecord(), NO_EFFECT, bytes, 0))
}

function abandon(ticket: number): Buffer {
  const bytes = Buffer.alloc(64)
  return bytes.subarray(0, encodeAbandon(ticket, bytes, 0))
}

/** One live segment with one group a entry, behind the position that {@link writeStore} leaves. */
function writeJournal(path: string, instance: Buffer, entries: readonly Buffer[]): void {
  const segment = Buffer.alloc(1 << 20)
  encodeLiveHeader(instance, { sequence: 7, bytes: segment.length }).copy(segment)
  let at = FIRST_GROUP
  let position = 1
  for (const bytes of entries) {
    encodeGroupHeader(segment.subarray(at, at + GROUP_HEADER_BYTES), { sequence: 7, position, synced: 1 }, [
      bytes,
    ])
    bytes.copy(segment, at + GROUP_HEADER_BYTES)
    at += GROUP_OVERHEAD + bytes.length
    position += bytes.length
  }
  mkdirSync(join(path, 'journal'))
  writeFileSync(slotPath(join(path, 'journal'), 0), segment)
}
