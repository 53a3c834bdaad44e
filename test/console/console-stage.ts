import { createHash } from 'node:crypto'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Test } from 'tap'
import type { Outcome } from '../../src/record.ts'
import { httpUpstream } from '../helper/http-upstream.ts'
import { type RunningSidecar, runSidecar } from '../helper/running-sidecar.ts'
import { keyRing, TestStore } from '../store/open-store.ts'

const HOUR = 3_600_000
const DAY = 24 * HOUR

/** Its ring is full: 30,000 records of the last 26 days, and some evicted. */
export const FULL_KEY = '88e545f9a0c14e7db1c2f64e9a0d3b57'
/** What a client could send to whoever looks. */
export const HOSTILE_KEY = '<img src=x onerror=alert(1)>\u202e/../키🔑'
export const HOSTILE_ACTION = `<script>document.title='pwned'</script>${'A'.repeat(4096)}`
export const DESTROYED_KEY = 'payroll-2023'
export const TOKEN = 'token-of-an-auditor-of-billing'

const ACTIONS = [
  'encrypt',
  'encrypt',
  'decrypt',
  'decrypt',
  'decrypt',
  'sign',
  'verify',
  'create-data-key',
  'rotate',
]
const REQUESTERS = [
  'billing-batch',
  'api-gateway',
  'checkout',
  'data-platform',
  'security-admin',
  'ml-training',
  'crm-sync',
  'settlement',
]
const OTHER_KEYS = [
  'billing-invoices',
  'billing-cards',
  'checkout-session',
  'crm/contacts',
  'ml-feature-store',
  '고객-개인정보',
]

/** A running keytrail on a store with a past, before a key API that answers everything. */
export interface ConsoleStage {
  sidecar: RunningSidecar
  readonly upstream: string
  /** Sends one request for a key; resolves when it is answered. */
  use(key: string, action: string): Promise<void>
}

export async function startStage(t: Test): Promise<ConsoleStage> {
  const dataDir = join(t.testdir({}), 'data')
  mkdirSync(dataDir, { recursive: true })
  await writePast(dataDir)
  const upstream = await httpUpstream(t, (request, response) => {
    const refused = request.url?.includes('/decrypt') === true && request.headers['x-refuse'] !== undefined
    request.resume().on('end', () => {
      response.writeHead(refused ? 403 : 200, { 'content-type': 'application/json' })
      response.end(refused ? '{"code":"ACCESS_DENIED"}' : '{"code":"SUCCESS","data":{}}')
    })
  })
  const sidecar = await runSidecar(t, upstream, { history: historySettings('none') }, dataDir)
  const stage: ConsoleStage = {
    sidecar,
    upstream,
    use: (key, action) => useKey(stage.sidecar.api, key, action),
  }
  return stage
}

/** Stops keytrail and starts it again at the same address, for those who are told of or for one token. */
export async function restart(t: Test, stage: ConsoleStage, auth: 'none' | 'token'): Promise<RunningSidecar> {
  const { host } = new URL(stage.sidecar.history)
  await stage.sidecar.stop()
  const history = { ...historySettings(auth), bind: host }
  stage.sidecar = await runSidecar(t, stage.upstream, { history }, stage.sidecar.dataDir)
  return stage.sidecar
}

/** The history's settings with nobody, or with one token for the billing keys. */
function historySettings(auth: 'none' | 'token') {
  const sha256 = createHash('sha256').update(TOKEN).digest('hex')
  return {
    bind: '127.0.0.1:0',
    hostNames: { '10.20.0.14': 'batch-14.internal' },
    auth: auth === 'none' ? 'none' : { tokens: [{ name: 'auditor', sha256, keys: ['billing-*'] }] },
  }
}

export async function useKey(api: string, key: string, action: string): Promise<void> {
  const response = await fetch(`${api}/kms/v1/keys/${encodeURIComponent(key)}/${action}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-ncp-iam-access-key': 'LIVEACCESSKEY' },
    body: '{}',
  })
  await response.arrayBuffer()
}

/** Fills the store as keytrail itself would have, long before it starts. */
async function writePast(path: string): Promise<void> {
  const retention = { records: 30_000, ageMs: 30 * DAY, tombstoneMs: 365 * DAY }
  const store = new TestStore(path, retention, 1000, 2 ** 30)
  const now = Date.now()
  store.now = now
  const random = numbers()
  store.commit(() => {
    for (const time of busyTimes(30_620, now, random)) writeRecord(store, FULL_KEY, time, random)
    OTHER_KEYS.forEach((key, k) => {
      for (let i = 0; i < 60 * (k + 1); i++)
        writeRecord(store, key, now - (k + 1) * 7_000_000 - (600 - i) * 30_000, random)
    })
    store.submit(
      { key: 'checkout-legacy', time: now - 3 * DAY, action: 'encrypt' },
      { destruction: 'scheduled', destroyAt: now + 2 * DAY },
    )
    store.submit(
      { key: DESTROYED_KEY, time: now - 2 * DAY, action: 'delete-key', requester: { id: 'security-admin' } },
      { destruction: 'now' },
    )
    writeHostile(store, now)
  })
  if (store.reader().key(FULL_KEY)?.records !== 30_000)
    throw new Error(`the ring of ${keyRing(FULL_KEY)} is not full`)
  await store.environment.close()
}

function writeRecord(store: TestStore, key: string, time: number, random: () => number): void {
  const failed = random() < 0.06
  const outcome: Outcome = random() < 0.003 ? 'unknown' : failed ? 'failure' : 'success'
  const token = random() < 0.2
  const failures = [
    { status: 403, errorCode: 'ACCESS_DENIED' },
    { status: 400, errorCode: 'INVALID_CIPHERTEXT' },
    { status: 429, errorCode: 'QUOTA_EXCEEDED' },
  ]
  store.submit({
    key,
    time: Math.floor(time),
    durationMs: Math.floor(2 + random() * 30),
    channel: random() < 0.08 ? 'console' : 'api',
    address:
      random() < 0.3 ? '10.20.0.14' : `10.20.${Math.floor(random() * 4)}.${Math.floor(random() * 200)}`,
    action: pick(ACTIONS, random),
    outcome,
    requester: {
      id: pick(REQUESTERS, random),
      kind: token ? 'token' : 'account',
      credential: token ? 'a1b2c3d4' : 'AKIA7EXAMPLE',
    },
    ...(outcome === 'failure'
      ? pick(failures, random)
      : { status: outcome === 'success' ? 200 : 0, errorCode: '' }),
    requestId: `${Math.floor(random() * 1e9).toString(16)}-${Math.floor(random() * 1e9).toString(16)}`,
  })
}

/** Moments of 26 days up to now, in order: more by day than by night. */
function busyTimes(count: number, now: number, random: () => number): number[] {
  const times: number[] = []
  while (times.length < count) {
    const time = now - random() ** 1.3 * 26 * DAY
    const hour = (time / HOUR) % 24
    if (random() < 0.25 + 0.75 * Math.sin((hour / 24) * Math.PI) ** 4) times.push(time)
  }
  return [...times.sort((a, b) => a - b).slice(1), now - 1000]
}

function writeHostile(store: TestStore, now: number): void {
  const key = HOSTILE_KEY
  store.submit({
    key,
    time: now - 9000,
    action: HOSTILE_ACTION,
    requester: { id: '</td><svg/onload=alert(1)>' },
  })
  store.submit({
    key,
    time: now - 8000,
    action: '\u202egnp.exe',
    outcome: 'failure',
    errorCode: '\u0000\u001b[31m"><b>',
    requester: { id: '😀🔑 \u2066admin\u2069' },
  })
  store.submit({
    key,
    time: now - 7000,
    action: '=HYPERLINK("http://evil")',
    requester: { id: '한글 requester' },
  })
}

function pick<T>(values: readonly T[], random: () => number): T {
  return values[Math.floor(random() ** 1.6 * values.length)] as T
}

/** The same numbers every time (a 32-bit xorshift). */
function numbers(): () => number {
  let state = 0x9e3779b9
  return () => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return (state >>> 0) / 2 ** 32
  }
}
