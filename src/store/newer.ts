import type { NewerRecords, StoredRecord } from './reader.ts'
import { decodeRecord } from './record-codec.ts'
import type { RecordMatch } from './record-match.ts'
import type { RingView } from './ring-view.ts'

/** The matching ones of up to `window` records behind the position `after`, oldest first. */
export function newerRecords(
  view: RingView,
  key: string,
  match: RecordMatch | null,
  { after, window }: { readonly after: number; readonly window: number },
): NewerRecords {
  const head = view.end - 1
  const first = Math.max(view.first, after + 1)
  const end = Math.min(view.end, first + window)
  const records: StoredRecord[] = []
  view.walkBack(
    first,
    end,
    (bytes, start, stop, seq) => {
      if (match === null || match.record(bytes, start))
        records.push({ ...decodeRecord(bytes, start, stop, key), seq })
      return true
    },
    (bytes) => match === null || match.block(bytes),
  )
  // A position behind the head belongs to an earlier ring of this key id: go on from the head of this one.
  const position = after > head ? head : end - 1
  return {
    records: records.reverse(),
    position,
    missed: Math.max(0, first - after - 1),
    head,
    openedAt: view.state.openedAt,
  }
}
