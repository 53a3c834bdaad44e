import { DATABASES, type Environment } from './environment.ts'

/** Bytes of keys and values in one transaction of a copy. */
const BATCH_BYTES = 4 << 20
const FIRST_KEY = Buffer.from([0])
/** Behind every key: none begins like this. */
const END = Buffer.alloc(64, 0xff)

interface Entry {
  readonly database: (typeof DATABASES)[number]
  readonly key: Uint8Array
  readonly value: Buffer
}

/** Puts every entry of `source` into `target`; of one snapshot, and of which no more than a batch is held. */
export function copyEntries(source: Environment, target: Environment): void {
  let batch: Entry[] = []
  let bytes = 0
  const write = (): void => {
    target.transaction(() => {
      for (const { database, key, value } of batch) target[database].put(key, value)
    })
    batch = []
    bytes = 0
  }
  source.refresh()
  for (const database of DATABASES) {
    for (const { key, value } of source[database].range({ start: FIRST_KEY, end: END })) {
      batch.push({ database, key: Buffer.from(key), value: Buffer.from(value) })
      bytes += key.length + value.length
      if (bytes > BATCH_BYTES) write()
    }
  }
  write()
}
