import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import t from 'tap'
import type { HistoryQuery } from '../../src/store/reader.ts'
import { StoreWriter } from '../../src/store/writer.ts'
import { auditRecord } from './audit-record.ts'
import { type ModelEffect, StoreModel } from './model.ts'
import { historyQuery, keyRing, RETENTION, START, TestStore, UNATTRIBUTED } from './open-store.ts'
import { verified } from './verified.ts'

/** Long histories tried; a campaign sets more. */
const RUNS = Number(process.env['KEYTRAIL_MODEL_RUNS'] ?? 30)
/** Short ones for each of them. */
const SHORT_RUNS = 35
/** In memory where that can be: durability is not what is tested. */
const DIRECTORY = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'keytrail-model-'))
const BUDGET = fc.constantFrom(1, 7, 30, 1000)
const MAX_RINGS = 3
const KEYS = ['alpha', 'beta', 'gamma', 'gamma\0', 'ключ', '']

/** Times are hundreds of ms, so that they meet often. */
function hundreds(most: number): fc.Arbitrary<number> {
  return fc.nat(most).map((times) => times * 100)
}

const anyKey = fc.oneof({ weight: 5, arbitrary: fc.constant('alpha') }, fc.constantFrom(...KEYS))

const record = fc.record({
  key: anyKey,
  earlierMs: fc.oneof({ weight: 4, arbitrary: fc.constant(0) }, hundreds(4)),
  durationMs: fc.oneof({ weight: 4, arbitrary: fc.constant(0) }, hundreds(3)),
  channel: fc.constantFrom('api' as const, 'console' as const),
  address: fc.constantFrom('10.0.0.1', '2001:db8::1'),
  requester: fc.constantFrom('alice', 'ALICIA', 'bob'),
  action: fc.constantFrom('encrypt', 'decrypt', 're-encrypt'),
  class: fc.constantFrom('use' as const, 'manage' as const),
  outcome: fc.constantFrom('success' as const, 'failure' as const, 'unknown' as const),
  status: fc.constantFrom(200, 403, 0),
  errorCode: fc.constantFrom('', 'E210'),
  requestId: fc.constantFrom('', 'req-20', 'REQ-3'),
  reason: fc.constantFrom('', 'x'.repeat(128)),
})

const effect: fc.Arbitrary<ModelEffect & { afterMs: number }> = fc.record({
  keyProven: fc.oneof({ weight: 3, arbitrary: fc.constant(true) }, fc.constant(false)),
  destruction: fc.oneof(
    { weight: 60, arbitrary: fc.constant('none' as const) },
    fc.constantFrom('now' as const, 'scheduled' as const, 'cancelled' as const, 'tokens' as const),
  ),
  destroyAt: fc.constant(0),
  afterMs: hundreds(15).map((ms) => ms + 100),
})

const action = fc.oneof(
  {
    weight: 12,
    arbitrary: fc.record({
      kind: fc.constant('submit' as const),
      record,
      effect,
      times: fc.oneof(fc.constant(1), fc.integer({ min: 1, max: 70 })),
    }),
  },
  fc.record({ kind: fc.constant('lose' as const), key: fc.constantFrom(...KEYS), count: fc.nat(5) }),
  fc.record({ kind: fc.constant('sweep' as const) }),
)

const query: fc.Arbitrary<HistoryQuery> = fc
  .record({
    from: fc.option(hundreds(30)),
    to: fc.option(hundreds(30)),
    q: fc.oneof(
      { weight: 3, arbitrary: fc.constant('') },
      fc.constantFrom('en', 'ALI', '20', 'e2', 'SUCC', 'zz', '::'),
    ),
    action: fc.oneof({ weight: 3, arbitrary: fc.constant('') }, fc.constantFrom('encrypt', 'crypt')),
    requester: fc.oneof({ weight: 3, arbitrary: fc.constant('') }, fc.constantFrom('alice', 'bob')),
    address: fc.oneof({ weight: 5, arbitrary: fc.constant('') }, fc.constant('10.0.0.1')),
    channel: fc.constantFrom('' as const, '' as const, 'console' as const),
    outcome: fc.constantFrom('' as const, '' as const, 'unknown' as const, 'success' as const),
    limit: fc.integer({ min: 1, max: 20 }),
    offset: fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, fc.nat(30)),
    before: fc.option(fc.nat(150)),
  })
  .map(({ from, to, ...rest }) => ({
    ...rest,
    from: from === null ? null : START + from,
    to: to === null ? null : START + to,
  }))

const step = fc.oneof(
  fc.record({
    kind: fc.constant('commit' as const),
    actions: fc.array(action, { minLength: 1, maxLength: 8 }),
  }),
  fc.record({ kind: fc.constant('tick' as const), ms: hundreds(4) }),
  fc.record({
    kind: fc.constant('restart' as const),
    records: fc.integer({ min: 20, max: 60 }),
    ageMs: fc.constantFrom(600, 900, 2000, 2000, 2000),
  }),
  fc.record({
    kind: fc.constant('query' as const),
    key: anyKey,
    queries: fc.array(query, { minLength: 1, maxLength: 8 }),
  }),
)

type Action = typeof action extends fc.Arbitrary<infer T> ? T : never
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never

/** The store and its model, led through the same history. */
class Pair {
  readonly store: TestStore
  readonly model: StoreModel
  readonly #budget: number
  #retention = RETENTION

  constructor(path: string, budget: number) {
    this.store = new TestStore(path, RETENTION, MAX_RINGS)
    this.model = new StoreModel(RETENTION, MAX_RINGS, this.store.writer.instance)
    this.#budget = budget
  }

  take(step: Step): void {
    if (step.kind === 'tick') {
      this.store.now += step.ms
    } else if (step.kind === 'restart') {
      this.#restart(step)
    } else if (step.kind === 'query') {
      for (const query of step.queries) this.compareHistory(step.key, query)
    } else {
      this.store.commit(() => {
        for (const action of step.actions) this.#act(action)
      })
      this.model.settle(this.store.now)
    }
    this.compareRest()
  }

  #restart({ records, ageMs }: Extract<Step, { kind: 'restart' }>): void {
    const { records: most, ageMs: longest } = this.#retention
    const kept = { records: Math.min(most, records), ageMs: Math.min(longest, ageMs) }
    this.#retention = { ...this.#retention, ...kept }
    const { environment, path } = this.store
    this.store.writer = new StoreWriter({
      ...{ environment, path, retention: this.#retention, maxRings: MAX_RINGS },
    })
    this.model.shrink(this.#retention)
    // Whether what is dropped counts as too old or as too much depends on when: here and now, for both.
    this.store.sweep()
    this.model.sweep(this.store.now)
    this.model.settle(this.store.now)
  }

  #act(action: Action): void {
    const { store, model } = this
    if (action.kind === 'lose') {
      store.writer.countLost(action.key, action.count)
      model.lose(action.key, action.count, store.now)
    } else if (action.kind === 'sweep') {
      store.writer.sweep(store.now, 1000)
      model.sweep(store.now)
    } else {
      for (let i = 0; i < action.times; i++) this.#submit(action)
    }
  }

  #submit({ record, effect }: Extract<Action, { kind: 'submit' }>): void {
    const { store, model } = this
    const { earlierMs, requester, ...fields } = record
    // A tombstone has the time of its record: one that lies before others would only test the order of pages.
    const time = store.now - (effect.destruction === 'none' ? earlierMs : 0)
    const complete = { ...fields, time, requester: { id: requester } }
    const effects = { ...effect, destroyAt: store.now + effect.afterMs }
    store.submit(complete, effects)
    model.submit(auditRecord(complete), effects, store.now)
  }

  compareHistory(key: string, query: HistoryQuery): void {
    const reader = this.store.reader({ retention: this.#retention, budget: this.#budget })
    const found = reader.history(key === '' ? UNATTRIBUTED : keyRing(key), query)
    assert.deepEqual(found, this.model.history(key, query, this.store.now, this.#budget))
  }

  compareRest(): void {
    const { store, model } = this
    const reader = store.reader({ retention: this.#retention })
    assert.deepEqual(reader.keys('', 10), model.keys(store.now))
    assert.deepEqual(reader.tombstones(null, 1000).tombstones, model.tombstones())
    for (const key of KEYS) {
      assert.deepEqual(reader.lastUse(key), model.lastUse(key, store.now))
      assert.deepEqual(reader.tombstone(key), model.tombstone(key))
    }
  }

  /** Every chain is whole. */
  verify(): void {
    const report = verified(this.store.environment)
    assert.deepEqual([report.damage, report.rings.filter(({ ok }) => !ok)], [[], []])
  }

  /** Page by page to the end: every record once, none left out, whatever the budget. */
  compareWalk(key: string, query: HistoryQuery): void {
    const reader = this.store.reader({ retention: this.#retention, budget: this.#budget })
    const ring = key === '' ? UNATTRIBUTED : keyRing(key)
    const whole = this.model.history(key, { ...query, limit: 1000 }, this.store.now, Infinity)
    const walked: unknown[] = []
    let before: number | null = null
    do {
      const page = reader.history(ring, { ...query, before })
      walked.push(...(page?.records ?? []))
      before = page?.nextBefore ?? null
    } while (before !== null)
    assert.deepEqual(walked, whole?.records ?? [])
  }
}

/** Leads both through the steps, and at the end looks at every page and chain; `each` after every step, too. */
async function compare(steps: readonly Step[], budget: number, each: 'verified' | 'trusted'): Promise<void> {
  const pair = new Pair(mkdtempSync(join(DIRECTORY, 'store-')), budget)
  try {
    for (const step of steps) {
      pair.take(step)
      if (each === 'verified') pair.verify()
    }
    for (const key of KEYS) {
      pair.compareWalk(key, historyQuery({ q: 'en', limit: 3 }))
      pair.compareWalk(key, historyQuery({ limit: 3 }))
    }
    pair.verify()
  } finally {
    await pair.store.environment.close()
    rmSync(pair.store.path, { recursive: true })
  }
}

t.teardown(() => rmSync(DIRECTORY, { recursive: true, force: true }))

t.test('whatever happens to it, the store answers as its model does', async () => {
  const long = fc.array(step, { minLength: 5, maxLength: 40, size: 'max' })
  await fc.assert(
    fc.asyncProperty(long, BUDGET, (steps, budget) => compare(steps, budget, 'verified')),
    { numRuns: RUNS },
  )
})

t.test('many short histories', async () => {
  const short = fc.array(step, { minLength: 1, maxLength: 6 })
  await fc.assert(
    fc.asyncProperty(short, BUDGET, (steps, budget) => compare(steps, budget, 'trusted')),
    { numRuns: SHORT_RUNS * RUNS },
  )
})
