import { readFileSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { type Environment, openEnvironment, STORE_FILE } from '../../src/store/environment.ts'

const MAP_SIZE = 2 ** 24

function open(t: Test, path: string, access: 'read' | 'write' = 'write'): Environment {
  const environment = openEnvironment({ path, access, mapSize: MAP_SIZE })
  t.teardown(() => environment.close())
  return environment
}

function bytes(text: string): Buffer {
  return Buffer.from(text)
}

t.test('what a transaction wrote is read back, also by a reader that was open before', async (t) => {
  const path = t.testdir()
  const writer = open(t, path)
  const reader = open(t, path, 'read')
  t.equal(reader.keys.get(bytes('a')), undefined)
  writer.transaction(() => {
    writer.keys.put(bytes('a'), bytes('1'))
    t.strictSame(writer.keys.get(bytes('a')), bytes('1'), 'inside the transaction')
  })
  reader.refresh()
  t.strictSame(reader.keys.get(bytes('a')), bytes('1'))
})

t.test('a transaction that throws leaves nothing behind, and the next one works', async (t) => {
  const environment = open(t, t.testdir())
  const failing = (): void => {
    environment.keys.put(bytes('a'), bytes('1'))
    throw new Error('no')
  }
  t.throws(() => environment.transaction(failing), { message: 'no' })
  t.equal(environment.keys.get(bytes('a')), undefined)
  environment.transaction(() => environment.keys.put(bytes('b'), bytes('2')))
  t.strictSame(environment.keys.get(bytes('b')), bytes('2'))
})

t.test('ranges run both ways, with an end that is left out', async (t) => {
  const environment = open(t, t.testdir())
  environment.transaction(() => {
    for (const name of 'bdfh') environment.keys.put(bytes(name), bytes(name))
    t.equal(list(environment, 'a', 'h'), 'bdf', 'inside the transaction')
    environment.keys.remove(bytes('d'))
    t.equal(list(environment, 'a', 'z'), 'bfh')
  })
  t.equal(list(environment, 'b', 'h'), 'bf')
  t.equal(list(environment, 'h', 'b', true), 'hf')
  t.equal(list(environment, 'g', 'a', true), 'fb')
  t.equal(list(environment, 'z', 'a', true, 2), 'hf')
  t.equal(list(environment, 'c', 'f'), '')
})

function list(environment: Environment, start: string, end: string, reverse = false, limit = 99): string {
  const bounds = { start: bytes(start), end: bytes(end), reverse, limit }
  const values = [...environment.keys.range(bounds)].map(({ value }) => value.toString()).join('')
  const keys = [...environment.keys.keys(bounds)].map((key) => Buffer.from(key).toString()).join('')
  return values === keys ? values : `${values} but ${keys}`
}

t.test('within a turn all reads see one snapshot, until it is refreshed', async (t) => {
  const path = t.testdir()
  const writer = open(t, path)
  const reader = open(t, path, 'read')
  writer.transaction(() => writer.keys.put(bytes('a'), bytes('1')))
  reader.refresh()
  t.strictSame(reader.keys.get(bytes('a')), bytes('1'))
  writer.transaction(() => {
    writer.keys.put(bytes('a'), bytes('2'))
    writer.keys.put(bytes('b'), bytes('b'))
  })
  t.strictSame(reader.keys.get(bytes('a')), bytes('1'))
  t.equal(list(reader, 'b', 'z'), '')
  reader.refresh()
  t.strictSame(reader.keys.get(bytes('a')), bytes('2'))
  t.equal(list(reader, 'b', 'z'), 'b')
})

t.test('an empty value is a value', async (t) => {
  const environment = open(t, t.testdir())
  environment.transaction(() => environment.keys.put(bytes('a'), Buffer.alloc(0)))
  t.strictSame(environment.keys.get(bytes('a')), Buffer.alloc(0))
  t.strictSame([...environment.keys.range({ start: bytes('a'), end: bytes('b') })][0]?.value, Buffer.alloc(0))
})

t.test('a value read once is not overwritten by the next read', async (t) => {
  const environment = open(t, t.testdir())
  const large = Buffer.alloc(20_000, 'large')
  environment.transaction(() => {
    environment.keys.put(bytes('a'), bytes('first'))
    environment.keys.put(bytes('b'), large)
  })
  const first = environment.keys.get(bytes('a'))
  const second = environment.keys.get(bytes('b'))
  const [one, two] = [...environment.keys.range({ start: bytes('a'), end: bytes('z') })]
  t.strictSame([first, second, one?.value, two?.value], [bytes('first'), large, bytes('first'), large])
})

t.test('what is no store is refused, instead of taking the process down', async (t) => {
  const path = t.testdir()
  const file = join(path, STORE_FILE)
  const code = (access: 'read' | 'write'): string => {
    try {
      openEnvironment({ path, access, mapSize: MAP_SIZE })
      return 'opened'
    } catch (error) {
      return String((error as { code: unknown }).code)
    }
  }
  t.equal(code('read'), 'STORE_MISSING', 'no file')
  writeFileSync(file, '')
  t.equal(code('read'), 'STORE_MISSING', 'an empty file')
  writeFileSync(file, Buffer.alloc(100_000, 'garbage'))
  t.equal(code('read'), 'STORE_DAMAGED', 'other bytes')
  t.equal(code('write'), 'STORE_DAMAGED')
  writeFileSync(file, 'short')
  t.equal(code('write'), 'STORE_DAMAGED')
})

t.test('a store with a torn header, or of another LMDB, is refused', async (t) => {
  const path = t.testdir()
  const file = join(path, STORE_FILE)
  await openEnvironment({ path, access: 'write', mapSize: MAP_SIZE }).close()
  const whole = readFileSync(file)
  const openDamaged = (change: (bytes: Buffer) => void): (() => void) => {
    const changed = Buffer.from(whole)
    change(changed)
    writeFileSync(file, changed)
    return () => openEnvironment({ path, access: 'write', mapSize: MAP_SIZE })
  }
  t.throws(
    openDamaged((bytes) => bytes.fill(0, 4096, 8192)),
    { code: 'STORE_DAMAGED' },
  )
  t.throws(
    openDamaged((bytes) => bytes.writeUInt32LE(7, 48)),
    { code: 'STORE_DAMAGED' },
  )
  t.throws(
    openDamaged((bytes) => bytes.writeUInt16LE(9, 28)),
    { code: 'STORE_FORMAT' },
  )
  writeFileSync(file, whole)
  truncateSync(file, 4096)
  t.throws(() => openEnvironment({ path, access: 'read', mapSize: MAP_SIZE }), { code: 'STORE_DAMAGED' })
})

t.test('a place where no store can be is refused', async (t) => {
  const path = t.testdir({ file: 'text', [STORE_FILE]: {} })
  const under = join(path, 'file')
  t.throws(() => openEnvironment({ path: under, access: 'write', mapSize: MAP_SIZE }), {
    code: 'STORE_UNWRITABLE',
  })
  t.throws(() => openEnvironment({ path: under, access: 'read', mapSize: MAP_SIZE }), {
    code: 'STORE_MISSING',
  })
  t.throws(() => openEnvironment({ path, access: 'write', mapSize: MAP_SIZE }), { code: 'STORE_UNWRITABLE' })
})
