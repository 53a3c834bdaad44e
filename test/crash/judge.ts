import type { ExecutedRequest } from '../../src/devkms/server.ts'
import type { SeenRecord } from '../helper/running-sidecar.ts'
import type { Seen, SeenCoverage, SeenRing } from './seen.ts'
import type { Testimony, Told } from './witness.ts'

/** What all sides saw. */
export interface Evidence extends Testimony {
  /** What the upstream executed, by address; more than one where a request was executed twice. */
  readonly executed: ReadonlyMap<string, readonly ExecutedRequest[]>
  readonly seen: Seen
}

/** What the history must show of what all sides saw, and does not. */
export interface Verdict {
  readonly requests: number
  readonly answers: number
  readonly executed: number
  readonly records: number
  /** Records with outcome `unknown`. */
  readonly unknown: number
  /** Requests whose records went with their key, as they must. */
  readonly destroyed: number
  /** Addresses of answers that have no record. */
  readonly unrecordedAnswers: readonly string[]
  /** Those of them that were given in none of the gaps which the history declares. */
  readonly undeclaredAnswers: readonly string[]
  /** Addresses of executed requests that have no record; their clients got no answer. */
  readonly unrecordedExecutions: readonly string[]
  readonly duplicates: readonly string[]
  /** Whatever else does not fit, in words. */
  readonly wrong: readonly string[]
}

/** Compares them, request by request. */
export function judge(evidence: Evidence): Verdict {
  const { sent, answers, executed, seen } = evidence
  const rings = [...seen.rings.values(), seen.unattributed]
  const records = recordsByAddress(rings)
  const cases = [...sent.keys()].map((address) => caseOf(evidence, records.get(address) ?? [], address))
  // They are the store's: each ring that there is names them all.
  const gaps = rings.find(({ coverage }) => coverage.gaps !== undefined)?.coverage.gaps ?? []
  const undeclared = (one: Case): boolean => isAnswered(one) && !isDeclared(one, gaps)
  const missing = cases.filter(({ record, destroyed }) => record === undefined && !destroyed)
  return {
    requests: sent.size,
    answers: answers.size,
    executed: executed.size,
    records: rings.reduce((sum, ring) => sum + ring.records.length, 0),
    unknown: cases.filter(({ record }) => record?.outcome === 'unknown').length,
    destroyed: cases.filter(({ record, destroyed }) => record === undefined && destroyed).length,
    unrecordedAnswers: missing.filter(isAnswered).map(({ address }) => address),
    undeclaredAnswers: missing.filter(undeclared).map(({ address }) => address),
    unrecordedExecutions: missing
      .filter((one) => !isAnswered(one) && one.executions.length > 0)
      .map(({ address }) => address),
    duplicates: [...records].filter(([, found]) => found.length > 1).map(([address]) => address),
    wrong: [
      ...cases.flatMap(contradiction),
      ...[...records.keys()].filter((address) => !sent.has(address)).map((one) => `${one}: never sent`),
      ...rings.flatMap(miscount),
      ...wrongTombstones(evidence, cases),
    ],
  }
}

interface Case {
  readonly address: string
  readonly key: string
  readonly answer: Told | undefined
  readonly executions: readonly ExecutedRequest[]
  readonly record: SeenRecord | undefined
  /** Its key was destroyed, and every record with it. */
  readonly destroyed: boolean
}

function caseOf({ sent, answers, executed, seen }: Evidence, found: SeenRecord[], address: string): Case {
  const key = answers.get(address)?.created || keyOf(sent.get(address) ?? '')
  const executions = executed.get(address) ?? []
  return {
    address,
    key,
    answer: answers.get(address),
    executions,
    record: found[0],
    destroyed: seen.tombstones.has(key),
  }
}

/** The key a request line names; '' for none. */
function keyOf(line: string): string {
  const [, path = ''] = line.split(' ')
  const [, , , , key = ''] = (path.split('?')[0] ?? '').split('/')
  return path.startsWith('/kms/') ? key : (path.split('/')[3] ?? '')
}

function recordsByAddress(rings: readonly SeenRing[]): Map<string, SeenRecord[]> {
  const found = new Map<string, SeenRecord[]>()
  for (const record of rings.flatMap((ring) => ring.records))
    found.set(record.address, [...(found.get(record.address) ?? []), record])
  return found
}

/** 503 is keytrail's word for «not recorded»: nothing is promised of it. */
function isAnswered({ answer }: Case): boolean {
  return answer !== undefined && !(answer.traceId === '' && answer.status === 503)
}

function isDeclared({ answer }: Case, gaps: NonNullable<SeenCoverage['gaps']>): boolean {
  const at = answer?.at ?? 0
  return gaps.some(({ from, to }) => Date.parse(from) <= at && at <= Date.parse(to))
}

/** A record must say what its client and the upstream saw. */
function contradiction(one: Case): string[] {
  const { address, record, answer, executions } = one
  const [execution, again] = executions
  if (again !== undefined) return [`${address}: executed twice`]
  if (answer !== undefined && answer.traceId !== (execution?.traceId ?? '') && answer.status !== 503)
    return [`${address}: answered with ${answer.traceId}, executed as ${execution?.traceId}`]
  if (record === undefined) return []
  const { outcome, status = 0, requestId = '' } = record
  if (outcome === 'unknown')
    return isAnswered(one) ? [`${address}: answered with ${answer?.status}, recorded as unknown`] : []
  if (requestId !== (execution?.traceId ?? '') || (execution && status !== execution.status))
    return [`${address}: recorded as ${status} ${requestId}, executed as ${JSON.stringify(execution)}`]
  if (isAnswered(one) && answer?.status !== status)
    return [`${address}: recorded as ${status}, answered with ${answer?.status}`]
  return []
}

/** Nothing is evicted in a campaign: a ring shows every record that it ever took. */
function miscount({ records, total, coverage }: SeenRing, index: number): string[] {
  const unknown = records.filter(({ outcome }) => outcome === 'unknown').length
  const fits = records.length === total && total === coverage.head.seq && unknown === coverage.unknown
  return fits ? [] : [`ring ${index}: ${records.length} records and ${unknown} unknown, counted otherwise`]
}

/** A key whose deletion was recorded is gone, its tombstone says how much went with it; no other key is gone. */
function wrongTombstones({ seen }: Evidence, cases: readonly Case[]): string[] {
  const wrong: string[] = []
  const byKey = new Map<string, Case[]>()
  for (const one of cases) byKey.set(one.key, [...(byKey.get(one.key) ?? []), one])
  for (const [key, count] of seen.tombstones) {
    const ofKey = byKey.get(key) ?? []
    const gone = ofKey.filter(({ record }) => record === undefined)
    const certain = gone.filter((one) => isAnswered(one) && one.executions.length > 0)
    if (count < certain.length || count > gone.length)
      wrong.push(`tombstone of ${key}: ${count} records, expected ${certain.length} to ${gone.length}`)
    if (!ofKey.some(deletes)) wrong.push(`tombstone of ${key}: nobody deleted it`)
    if (seen.rings.has(key)) wrong.push(`${key}: destroyed, and still there`)
  }
  for (const one of cases) {
    if (isAnswered(one) && deletes(one) && one.record !== undefined)
      wrong.push(`${one.key}: deleted, and its records are still there`)
  }
  return wrong
}

function deletes({ executions: [execution] }: Case): boolean {
  const ofKey = execution?.target.split('/').length === 5
  return ofKey && execution?.method === 'DELETE' && execution.status === 200
}
