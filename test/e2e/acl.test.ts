import { readFileSync, writeFileSync } from 'node:fs'
import t from 'tap'
import { parse, stringify } from 'yaml'
import { countingUpstream } from '../helper/counting-upstream.ts'
import { sendRaw } from '../helper/raw-client.ts'
import { historyOf, type RunningSidecar, runSidecar } from '../helper/running-sidecar.ts'
import { until } from '../helper/until.ts'

const ACL = [
  { keys: 'billing-*', allow: ['10.0.0.0/8', '2001:db8::/32'], deny: ['10.9.0.0/16'] },
  { keys: '*', allow: [], deny: ['192.0.2.0/24'] },
]
const SETTINGS = {
  listeners: [{ name: 'api', bind: '127.0.0.1:0', proxyProtocol: ['127.0.0.1/32'] }],
  trustedProxies: ['198.51.100.0/24'],
  acl: ACL,
}

/** From whom, with which headers, what of which key; the address that counts, and the refusal (null for none). */
const CASES: Record<string, [string, string, string, string, string | null]> = {
  'an address that is allowed': ['10.0.0.1', '', 'billing-1', '10.0.0.1', null],
  'one that is denied': ['10.9.0.1', '', 'billing-1', '10.9.0.1', 'acl: rule 1 (billing-*) denies'],
  'one that is not named': [
    ...(['203.0.113.9', '', 'billing-1', '203.0.113.9'] as const),
    'acl: rule 1 (billing-*) does not allow',
  ],
  'the first rule decides': ['10.0.0.1', '', 'other', '10.0.0.1', null],
  IPv6: ['2001:db8::5', '', 'billing-1', '2001:db8::5', null],
  'IPv4 in IPv6': ['::ffff:10.0.0.1', '', 'billing-1', '10.0.0.1', null],
  'IPv4 in IPv6 that is denied': [
    ...(['::ffff:10.9.0.1', '', 'billing-1', '10.9.0.1'] as const),
    'acl: rule 1 (billing-*) denies',
  ],
  'a header of somebody': [
    ...(['203.0.113.9', 'X-Forwarded-For: 10.0.0.1\r\n', 'billing-1', '203.0.113.9'] as const),
    'acl: rule 1 (billing-*) does not allow',
  ],
  'a header of a trusted proxy': [
    ...(['198.51.100.1', 'X-Forwarded-For: 10.0.0.1\r\n', 'billing-1', '10.0.0.1'] as const),
    null,
  ],
  'a claim before the trusted proxy’s': [
    ...(['198.51.100.1', 'X-Forwarded-For: 10.0.0.1, 203.0.113.9\r\n', 'billing-1', '203.0.113.9'] as const),
    'acl: rule 1 (billing-*) does not allow',
  ],
  'two headers': [
    '198.51.100.1',
    'X-Forwarded-For: 10.0.0.1\r\nX-Forwarded-For: 203.0.113.9\r\n',
    'billing-1',
    '203.0.113.9',
    'acl: rule 1 (billing-*) does not allow',
  ],
  'no key': ['192.0.2.1', '', '', '192.0.2.1', 'acl: rule 2 (*) denies'],
}

async function ask(sidecar: RunningSidecar, from: string, headers: string, key: string): Promise<number> {
  const family = from.includes(':') ? 'TCP6' : 'TCP4'
  const to = family === 'TCP6' ? '::1' : '127.0.0.1'
  const line = key === '' ? 'GET /kms/v1/keys' : `POST /kms/v1/keys/${key}/encrypt`
  const length = key === '' ? '' : 'Content-Length: 0\r\n'
  const answer = await sendRaw(
    sidecar.api,
    `PROXY ${family} ${from} ${to} 1 2\r\n${line} HTTP/1.1\r\nHost: a\r\nx-id: 1\r\n${headers}${length}Connection: close\r\n\r\n`,
  )
  const status = Number(answer.slice(9, 12))
  if (status === 403)
    t.match(answer, /\{"error":\{"errorCode":"230","message":"acl: rule/, 'in its own shape')
  return status
}

t.test('what is judged is what is recorded; SIGHUP brings new rules', async (t) => {
  let executed = 0
  const url = await countingUpstream(t, () => executed++)
  const sidecar = await runSidecar(t, url, SETTINGS)
  let forwarded = 0
  for (const [name, [from, headers, key, address, reason]] of Object.entries(CASES)) {
    const status = await ask(sidecar, from, headers, key)
    t.equal(status, reason === null ? 200 : 403, name)
    if (reason === null) forwarded++
    t.equal(executed, forwarded, `${name}: forwarded or not`)
    const known = reason === null ? [] : await historyOf(sidecar.history, null)
    const records = [...(key === '' ? [] : await historyOf(sidecar.history, key)), ...known]
    const newest = records.toSorted((one, other) => other.time.localeCompare(one.time))[0]
    t.match(newest, { address, outcome: reason === null ? 'success' : 'failure' }, name)
    if (reason !== null) t.match(newest, { reason, status: 403 }, name)
  }

  const file = `${sidecar.dataDir}.yaml`
  const document = parse(readFileSync(file, 'utf8'))
  const reload = async (text: string, pattern: RegExp): Promise<Record<string, unknown>> => {
    const before = sidecar.log.length
    writeFileSync(file, text)
    sidecar.process.kill('SIGHUP')
    return JSON.parse(
      await until(() => sidecar.log.slice(before).find((line) => pattern.test(line)) ?? null, 60_000),
    )
  }
  const changed = {
    ...document,
    acl: [{ keys: '*', allow: ['203.0.113.0/24'] }],
    limits: { body: '1MiB' },
    upstream: { url, connections: 7 },
  }
  const warning = await reload(stringify(changed), /only after a restart/)
  t.strictSame(warning['needsRestart'], ['upstream.connections', 'limits.body'])
  t.equal(await ask(sidecar, '203.0.113.9', '', 'billing-1'), 200)
  t.equal(await ask(sidecar, '10.0.0.1', '', 'billing-1'), 403)

  const broken = {
    ...changed,
    acl: [{ keys: '*', allow: ['10.0.0.0/99'] }, { key: 'x' }],
    durability: 'none',
  }
  const error = await reload(stringify(broken), /stays as it was/)
  t.match(error, { level: 'error', code: 'CONFIG_INVALID' })
  for (const problem of [/acl\[0\]\.allow\[0\]/, /acl\[1\]\.keys/, /durability/])
    t.match(error['msg'], problem)
  t.match(await reload('acl: [', /stays as it was/), { code: 'CONFIG_INVALID' })
  t.equal(await ask(sidecar, '203.0.113.9', '', 'billing-1'), 200, 'the rules before hold')
  t.equal(await ask(sidecar, '10.0.0.1', '', 'billing-1'), 403)
  const metrics = await (await fetch(`${sidecar.history}/metrics`)).text()
  t.match(metrics, /keytrail_limit_hits_total\{limit="limits\.header"\} 0/)
})
