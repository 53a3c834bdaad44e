import fc from 'fast-check'
import t from 'tap'
import {
  decodeGroup,
  decodeSegmentHeader,
  encodeFreeHeader,
  encodeGroupHeader,
  encodeLiveHeader,
  GROUP_HEADER_BYTES,
  GROUP_TRAILER,
  nextGroupMagic,
  SEGMENT_HEADER_BYTES,
  wasWhole,
} from '../../src/recorder/segment.ts'

const INSTANCE = Buffer.from('0123456789abcdef')
const uint48 = fc.integer({ min: 0, max: 2 ** 48 - 1 })

function group(meta: { sequence: number; position: number; synced: number }, views: Buffer[]): Buffer {
  const header = Buffer.alloc(GROUP_HEADER_BYTES, 0xaa)
  encodeGroupHeader(header, meta, views)
  return Buffer.concat([header, ...views, GROUP_TRAILER])
}

t.test('a live header says whose segment it is and which', async () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 16, maxLength: 16 }), uint48, (instance, sequence) => {
      const bytes = encodeLiveHeader(instance, { sequence, bytes: 8192 })
      const header = decodeSegmentHeader(bytes)
      return header.kind === 'live' && header.sequence === sequence && header.instance.equals(instance)
    }),
  )
})

t.test('a header with any bit flipped, or cut anywhere, is damaged; a free one stays free', async (t) => {
  const live = encodeLiveHeader(INSTANCE, { sequence: 77, bytes: 8192 })
  for (let bit = 0; bit < live.length * 8; bit++)
    t.equal(decodeSegmentHeader(flipped(live, bit)).kind, 'damaged')
  for (let length = 1; length < SEGMENT_HEADER_BYTES; length++)
    t.equal(decodeSegmentHeader(live.subarray(0, length)).kind, 'damaged')
  t.equal(decodeSegmentHeader(Buffer.alloc(SEGMENT_HEADER_BYTES)).kind, 'blank')
  t.equal(decodeSegmentHeader(Buffer.alloc(0)).kind, 'blank')
  t.equal(decodeSegmentHeader(encodeFreeHeader()).kind, 'free')
})

t.test('a group comes back, wherever it stands and however its entries wrapped', async () => {
  const views = fc
    .array(fc.uint8Array({ maxLength: 200 }), { maxLength: 2 })
    .map((views) => views.map((view) => Buffer.from(view)))
  fc.assert(
    fc.property(views, uint48, uint48, uint48, fc.nat(50), (views, sequence, position, synced, before) => {
      const bytes = Buffer.concat([Buffer.alloc(before), group({ sequence, position, synced }, views)])
      const decoded = decodeGroup(bytes, before, sequence)
      return (
        decoded !== null &&
        decoded.position === position &&
        decoded.synced === synced &&
        decoded.entries.equals(Buffer.concat(views)) &&
        nextGroupMagic(bytes, 0) === before
      )
    }),
  )
})

t.test('a group with any bit flipped, or cut anywhere, or of another segment, is none', async (t) => {
  const bytes = group({ sequence: 5, position: 2 ** 33, synced: 2 ** 32 }, [Buffer.from('some entries')])
  for (let bit = 0; bit < (bytes.length - GROUP_TRAILER.length) * 8; bit++)
    t.equal(decodeGroup(flipped(bytes, bit), 0, 5), null)
  for (let length = 0; length < bytes.length; length++)
    t.equal(decodeGroup(bytes.subarray(0, length), 0, 5), null)
  t.equal(decodeGroup(bytes, 0, 6), null)
  t.not(decodeGroup(bytes, 0, 5), null)
})

t.test('no bytes at all make the decoders throw', async () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 100 }), fc.nat(120), (random, start) => {
      const bytes = Buffer.from(random)
      const header = decodeSegmentHeader(bytes)
      return header.kind !== 'live' && decodeGroup(bytes, start, 1) === null
    }),
  )
})

function flipped(bytes: Buffer, bit: number): Buffer {
  const copy = Buffer.from(bytes)
  copy[bit >> 3] = (copy[bit >> 3] ?? 0) ^ (1 << (bit & 7))
  return copy
}

t.test('a changed group is told from one that was never written to its end', async (t) => {
  const entries = Buffer.alloc(3000, 'entries')
  const whole = group({ sequence: 5, position: 9, synced: 9 }, [entries])
  const segment = Buffer.alloc(8192)
  const start = 700
  whole.copy(segment, start)
  for (let at = start; at < start + whole.length - GROUP_TRAILER.length; at++)
    if (!wasWhole(flipped(segment, at * 8 + 3), start)) t.fail(`a flip at ${at} is damage`)
  for (let end = start; end < start + whole.length; end++) {
    const torn = Buffer.from(segment).fill(0, end)
    if (wasWhole(torn, start)) t.fail(`cut at ${end} is no damage`)
  }
  for (let sector = 512; sector < start + whole.length; sector += 512) {
    const torn = Buffer.from(segment).fill(
      0,
      Math.max(start, sector),
      Math.min(sector + 512, start + whole.length),
    )
    t.notOk(wasWhole(torn, start), `without the sector at ${sector}`)
  }
  t.notOk(wasWhole(Buffer.alloc(8192), start), 'nothing was written')
})
