import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { unchecked } from '../helper/unchecked.ts'

const WAITING = new URL('../fixture/recorder/trace-waiting.mjs', import.meta.url).pathname
const TRACER = 'strace'
const traceable = spawnSync(TRACER, ['-V']).status === 0

/** What strace writes where another thread's call ends before this one. */
const UNFINISHED = ' <unfinished ...>'

/** System calls of the fixture in the order in which they ended: a file's descriptor, and what was written. */
function trace(t: Test, durability: string): string[] {
  const path = t.testdir({ data: {} })
  const output = join(path, 'trace')
  const calls = 'trace=write,pwritev,fdatasync'
  const { status, stderr } = spawnSync(
    TRACER,
    ['-f', '-qq', '-e', calls, '-o', output, process.execPath, WAITING, join(path, 'data'), durability],
    { env: {}, encoding: 'utf8' },
  )
  t.equal(status, 0, stderr)
  const unfinished = new Map<string, string>()
  return readFileSync(output, 'utf8')
    .split('\n')
    .flatMap((line) => {
      const [, thread = '', call = ''] = /^(\d+) +(.*)$/.exec(line) ?? []
      if (call.endsWith(UNFINISHED)) unfinished.set(thread, call.slice(0, -UNFINISHED.length))
      else return call.replace(/^<\.\.\. \w+ resumed>/, unfinished.get(thread) ?? '')
      return []
    })
}

/** What happened between each pair of lines that the fixture wrote around a wait for `name`. */
function waits(calls: readonly string[], name: string): string[][] {
  const found: string[][] = []
  let current: string[] | null = null
  for (const call of calls) {
    if (call.includes(`"before ${name}\\n"`)) current = []
    else if (call.includes(`"after ${name}\\n"`)) {
      if (current !== null) found.push(current)
      current = null
    } else current?.push(call)
  }
  return found
}

/** Whether a group was written, and then its file synced. */
function writtenAndSynced(calls: readonly string[]): boolean {
  const write = calls.findIndex((call) => call.startsWith('pwritev('))
  const file = /^pwritev\((\d+)/.exec(calls[write] ?? '')?.[1]
  return write !== -1 && calls.slice(write).some((call) => call.startsWith(`fdatasync(${file})`))
}

t.test('strict: nobody goes on before the entry was written and synced', { skip: skipped() }, async (t) => {
  const calls = trace(t, 'strict')
  for (const name of ['begin', 'finish']) {
    const found = waits(calls, name)
    t.equal(found.length, 20)
    for (const wait of found) t.ok(writtenAndSynced(wait), wait.join('\n'))
  }
})

t.test(
  'committed: nobody goes on before the record was written; a sync is not waited for',
  { skip: skipped() },
  async (t) => {
    const calls = trace(t, 'committed')
    const found = waits(calls, 'finish')
    t.equal(found.length, 20)
    for (const wait of found) t.ok(wait.some((call) => call.startsWith('pwritev(')))
    t.ok(found.filter((wait) => !writtenAndSynced(wait)).length > 10)
    t.ok(waits(calls, 'begin').every((wait) => !wait.some((call) => call.startsWith('pwritev('))))
  },
)

/** Why the system calls can't be looked at. */
function skipped(): string | false {
  return traceable ? false : unchecked('strace is not installed or may not trace')
}
