import { readFileSync } from 'node:fs'
import { LiveSegments, type LiveSegmentsOptions } from './live-segments.ts'
import { OpenIntents } from './open-intents.ts'
import { decodeGroup, decodeSegmentHeader, FIRST_GROUP } from './segment.ts'
import { slotPath } from './slots.ts'

/** What an applying thread needs to know beside the store. */
export interface Held {
  readonly segments: LiveSegments
  readonly intents: OpenIntents
}

/**
 * What an applying thread finds that goes on for one that has ended: the segments from shared memory, the open
 * intents from those segments' files. `applied` is the absolute position up to which the rings are complete.
 */
export function takeOver(options: Omit<LiveSegmentsOptions, 'free' | 'dirty'>, applied: number): Held {
  const segments = LiveSegments.takeOver(options, applied)
  const intents = new OpenIntents(segments)
  let read = 0
  for (const { slot } of segments.needed) {
    const bytes = readFileSync(slotPath(options.directory, slot))
    const { sequence } = decodeSegmentHeader(bytes)
    let group = decodeGroup(bytes, FIRST_GROUP, sequence)
    for (; group !== null; group = decodeGroup(bytes, group.end, sequence)) {
      const { position, entries } = group
      // After a failure the journal may have written entries twice.
      const from = Math.max(position, read)
      const to = Math.min(position + entries.length, applied)
      if (from >= to) continue
      intents.follow(entries.subarray(from - position, to - position), from)
      read = to
    }
  }
  return { segments, intents }
}
