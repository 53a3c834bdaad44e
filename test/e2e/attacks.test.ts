import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { type LenientUpstream, lenientUpstream } from '../helper/lenient-upstream.ts'
import { sendRaw } from '../helper/raw-client.ts'
import { type RunningProxy, runProxy } from '../proxy/running-proxy.ts'
import { BAD_ANSWERS } from './attack/answer.ts'
import type { Attack } from './attack/attack.ts'
import { CHUNKS } from './attack/chunk.ts'
import { FRAMING } from './attack/framing.ts'
import { HEADS } from './attack/head.ts'
import { attackTable, call, executedText, type Row, recordedText } from './attack/row.ts'

const TABLE = new URL('ATTACKS.md', import.meta.url)
const ATTACKS = [...FRAMING, ...CHUNKS, ...HEADS]

const METHODS = ['GET', 'HEAD', 'POST', 'DELETE', 'OPTIONS', 'TRACE', 'LIST']

/** A dialect whose actions are the methods, so that a record tells what was executed. */
const DIALECT = `name: any
title: any
success: { status: 2xx }
error: [{ body: '{"message":"{reason}"}' }]
requester: []
routes:
${METHODS.map((method) => `  - ${method} /k/{key} -> ${method} use`).join('\n')}
`

const ABOUT = `# Attacks

Written by \`test/e2e/attacks.test.ts\`, which fails where this does not hold (\`TEST_ATTACKS=write\` writes it anew).
Each case runs on a connection of its own, with a good request (\`GET …-end\`) sent right behind it. The upstream is as
lenient as the worst servers are: whatever keytrail let through that could be read as a request more would be executed.
The cases run twice more, behind a \`LIST\` and as a \`LIST\`, with the same outcome. Slow requests, answers that come
before their request is whole, and floods of connections are in \`pipelining.test.ts\`, \`../proxy/exchange.test.ts\` and
\`idle.test.ts\`.`

/** llhttp before 9.2 (Node before 20.19.2) takes bare LF and CR for ends of lines. */
const [MAJOR = 0, MINOR = 0] = (process.versions['llhttp'] ?? '').split('.').map(Number)
const STRICT_PARSER = MAJOR > 9 || (MAJOR === 9 && MINOR >= 2)

interface Stage extends RunningProxy {
  readonly upstream: LenientUpstream
}

async function stage(t: Test): Promise<Stage> {
  const upstream = await lenientUpstream(t)
  const dialect = join(t.testdir({ 'any.yaml': DIALECT }), 'any.yaml')
  return { ...(await runProxy(t, upstream.url, { dialect })), upstream }
}

interface Came {
  readonly row: Row
  readonly executed: readonly string[]
  readonly recorded: readonly string[]
  readonly statuses: readonly number[]
}

/** Three characters: the lengths in the cases hold for these. */
let keys = 0
const nextKey = (): string => (keys++ + 36 ** 2).toString(36)

/** Sends `parts` and a good request behind them, and tells what came of it. */
async function run(
  { url, recorder, upstream }: Stage,
  name: string,
  parts: readonly string[],
): Promise<Came> {
  const key = nextKey()
  const before = { executed: upstream.executed.length, entries: recorder.entries.length }
  const sent = parts.map((part) => part.replaceAll('{k}', key))
  sent.push(`${sent.pop() ?? ''}GET /k/${key}-end HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`)
  const answer = await sendRaw(url, sent)
  const statuses = [...answer.matchAll(/(?<=HTTP\/1\.1 )\d{3}(?= )/g)].map(([status]) => Number(status))
  const executed = upstream.executed.slice(before.executed)
  const finished = recorder.entries
    .slice(before.entries)
    .filter(({ kind }) => kind === 'finish')
    .map(({ record, effect }) => ({ record, proven: effect?.keyProven === true }))
  return {
    row: {
      name,
      sent: parts.join(' ⏸ ').replaceAll('{k}', 'k'),
      executed: executedText(executed).replaceAll(key, 'k'),
      recorded: recordedText(finished),
      answered: `${statuses.join(', ')}, closed`,
    },
    executed: executed.map(({ method, body }) => call(method, body).replaceAll(key, '{k}')),
    recorded: finished.map(({ record, proven }) => (proven ? record.action : String(record.status))),
    statuses,
  }
}

function check(t: Test, { name, executed, refused }: Attack, came: Came): void {
  const passed = refused === 0 ? [...executed, 'GET()'] : executed
  t.strictSame(came.executed, passed, `${name}: executed`)
  const methods = passed.map((one) => one.slice(0, one.indexOf('(')))
  // A refusal of the parser's may be recorded before the requests in front of it are answered.
  const recorded = refused === 0 ? methods : [...methods, String(refused)]
  t.strictSame([...came.recorded].sort(), recorded.sort(), `${name}: recorded`)
  t.strictSame(
    came.statuses,
    [...passed.map(() => 200), ...(refused === 0 ? [] : [refused])],
    `${name}: answered`,
  )
}

t.test('attacks on the way in', { timeout: 120_000 }, async (t) => {
  const proxy = await stage(t)
  const rows: Row[] = []
  for (const attack of ATTACKS) {
    if (attack.strict && !STRICT_PARSER) {
      t.pass(attack.name, { skip: 'this Node’s parser is lenient' })
      continue
    }
    const came = await run(proxy, attack.name, attack.send)
    check(t, attack, came)
    rows.push(came.row)
  }
  for (const { name, bytes, status, outcome } of BAD_ANSWERS) {
    proxy.upstream.answers.set('bad', bytes)
    const ask = 'GET /k/{k}?answer=bad HTTP/1.1\r\nHost: a\r\n\r\n'
    const { row, recorded, statuses } = await run(proxy, name, [ask])
    t.strictSame(recorded, [outcome === 'success' ? 'GET' : String(status), 'GET'], `${name}: recorded`)
    t.strictSame(statuses, [status, 200], `${name}: answered`)
    rows.push({ ...row, sent: `← ${bytes}` })
  }
  const table = attackTable(ABOUT, rows)
  if (process.env['TEST_ATTACKS'] === 'write') writeFileSync(TABLE, table)
  if (STRICT_PARSER) t.equal(table, readFileSync(TABLE, 'utf8'), 'the table is up to date')
  t.comment(`${rows.length} cases`)
})

t.test(
  'the same behind a LIST, on the parser that takes over from there',
  { timeout: 120_000 },
  async (t) => {
    const proxy = await stage(t)
    for (const attack of ATTACKS) {
      if (attack.strict && !STRICT_PARSER) continue
      const list = 'LIST /k/{k}-list HTTP/1.1\r\nHost: a\r\n\r\n'
      const [first = '', ...others] = attack.send
      const came = await run(proxy, attack.name, [list + first, ...others])
      check(t, { ...attack, executed: ['LIST()', ...attack.executed] }, came)
    }
  },
)

t.test('the same with LIST as its method', { timeout: 120_000 }, async (t) => {
  const proxy = await stage(t)
  for (const attack of ATTACKS) {
    const [first = '', ...others] = attack.send
    if (!first.startsWith('POST /') || (attack.strict && !STRICT_PARSER)) continue
    const executed = attack.executed.map((call, i) => (i === 0 ? call.replace(/^POST/, 'LIST') : call))
    const came = await run(proxy, attack.name, [first.replace(/^POST/, 'LIST'), ...others])
    check(t, { ...attack, executed }, came)
  }
})
