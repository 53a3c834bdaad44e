import { relative } from 'node:path'
import type { Comparison } from './comparison.ts'
import type { Stage } from './stage.ts'
import type { Tally } from './tally.ts'

/** Digits of a key tag that tell two apart to the eye. */
const SHOWN_TAG = 12
/** Missing requests that are named. */
const MOST_NAMED = 5

/** What runs where. */
export function stageText({ kms, sidecar, urls, dataDir }: Stage, version: string): string {
  return `keytrail ${version} in front of a development key API

  key API   ${kms.url}
  keytrail  ${urls.api} (channel api), ${urls.console} (channel console)
  history   ${sidecar.historyUrl}
  console   ${sidecar.historyUrl}/ (in a browser)
  data      ${dataDir} (removed at the end)

`
}

/** What to try with `key`, whose history is worth a look; `cli` is the command line's file. */
export function tryText({ sidecar: { historyUrl }, configFile }: Stage, key: string, cli: string): string {
  return `Try, in another terminal:

  curl -s '${historyUrl}/v1/keys/${key}/history?limit=3'
  curl -s '${historyUrl}/kms/v1/keys/${key}/activities?pageSize=3'
  node ${relative('', cli)} history ${key} --config ${configFile}

Ctrl-C ends it.

`
}

/** One line on what has been sent so far. */
export function progressText({ total, outcomes, newest }: Tally, seconds: number): string {
  const counts = `${seconds.toFixed(0).padStart(4)} s  ${total} sent, ${outcomes.failure} failed`
  if (newest === null) return counts
  const { action, key, requester, channel, outcome, status } = newest
  const what = `${action}${key === '' ? '' : ` ${key.slice(0, SHOWN_TAG)}…`}`
  return `${counts}; newest: ${what} by ${requester} (${channel}): ${outcome} ${status}`
}

/** What was sent, what of it the history shows, and whether that is all. */
export function summaryText({ total, outcomes }: Tally, compared: Comparison, seconds: number): string {
  const { inKey, unattributed, destroyed, evicted, missing, left } = compared
  const sent = [`${outcomes.success} success`, `${outcomes.failure} failure`]
  if (outcomes.unknown > 0) sent.push(`${outcomes.unknown} without an answer`)
  const recorded = [`${inKey} with their key`, `${unattributed} with no known key`]
  if (evicted > 0) recorded.push(`${evicted} more evicted by newer ones`)
  if (destroyed > 0) recorded.push(`${destroyed} more destroyed with their key`)
  const lines = [
    `sent      ${total} requests in ${seconds.toFixed(1)} s: ${sent.join(', ')}`,
    `recorded  ${inKey + unattributed} found through the history API: ${recorded.join(', ')}`,
    `missing   ${missing.length}`,
    ...missing.slice(0, MOST_NAMED).map((one) => `          ${JSON.stringify(one)}`),
    ...left.map((key) => `          destroyed, but not as it must be: ${key}`),
  ]
  return `${lines.join('\n')}\n`
}
