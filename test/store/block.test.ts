import assert from 'node:assert/strict'
import fc from 'fast-check'
import t from 'tap'
import {
  appendToBlock,
  BLOCK_BYTES,
  type BlockWriter,
  blockCount,
  blockNewest,
  blockOldest,
  blockPreviousHash,
  blockTakes,
  FIRST_RECORD,
  newBlockWriter,
  nextRecord,
  recordEnd,
  resumeBlock,
  startBlock,
} from '../../src/store/block.ts'

const HASH = Buffer.alloc(32, 0x5a)

function stored(block: BlockWriter): Buffer {
  return Buffer.from(block.bytes.subarray(0, block.length))
}

function recordsOf(bytes: Buffer): Buffer[] {
  const records: Buffer[] = []
  let start = FIRST_RECORD
  for (let i = 0; i < blockCount(bytes); i++) {
    const end = recordEnd(bytes, start)
    records.push(Buffer.from(bytes.subarray(start, end)))
    start = nextRecord(end)
  }
  assert.equal(start, nextRecord(bytes.length))
  return records
}

const anyRecords = fc.array(fc.uint8Array({ minLength: 1, maxLength: 300 }), { minLength: 1, maxLength: 60 })

t.test('what is put into a block comes out again, also when it was stored in between', async () => {
  fc.assert(
    fc.property(anyRecords, fc.nat(60), (records, storedAfter) => {
      let block = newBlockWriter()
      startBlock(block, HASH)
      const kept: Buffer[] = []
      for (const [i, record] of records.entries()) {
        if (!blockTakes(block, record.length)) break
        appendToBlock(block, record, 1000 + i)
        kept.push(Buffer.from(record))
        if (i === storedAfter) {
          const bytes = stored(block)
          block = newBlockWriter()
          resumeBlock(block, bytes)
        }
      }
      const bytes = stored(block)
      assert.ok(bytes.length <= BLOCK_BYTES)
      assert.deepEqual(recordsOf(bytes), kept)
      assert.equal(blockOldest(bytes), 1000)
      assert.equal(blockNewest(bytes), 1000 + kept.length - 1)
      assert.deepEqual(Buffer.from(blockPreviousHash(bytes)), HASH)
    }),
  )
})

t.test('a block is filled to its last byte', async (t) => {
  const block = newBlockWriter()
  startBlock(block, HASH)
  appendToBlock(block, Buffer.alloc(100), 1)
  const room = BLOCK_BYTES - block.length - 2
  t.equal(blockTakes(block, room), true)
  t.equal(blockTakes(block, room + 1), false)
  appendToBlock(block, Buffer.alloc(room), 2)
  t.equal(block.length, BLOCK_BYTES)
  t.equal(blockTakes(block, 1), false)
})

t.test('an empty block takes a record of any size, and is usable afterwards', async (t) => {
  const block = newBlockWriter()
  startBlock(block, HASH)
  const large = Buffer.alloc(60_000, 'large')
  t.equal(blockTakes(block, large.length), true)
  appendToBlock(block, large, 5)
  t.strictSame(recordsOf(stored(block)), [large])
  t.equal(blockTakes(block, 1), false)
  const resumed = newBlockWriter()
  resumeBlock(resumed, stored(block))
  t.strictSame(recordsOf(stored(resumed)), [large])
  startBlock(block, HASH)
  appendToBlock(block, Buffer.from('small'), 6)
  t.strictSame(recordsOf(stored(block)), [Buffer.from('small')])
})

t.test('times take 48 bits', async (t) => {
  const block = newBlockWriter()
  startBlock(block, HASH)
  appendToBlock(block, Buffer.from('a'), 0)
  appendToBlock(block, Buffer.from('b'), 2 ** 48 - 1)
  t.equal(blockOldest(block.bytes), 0)
  t.equal(blockNewest(block.bytes), 2 ** 48 - 1)
})
