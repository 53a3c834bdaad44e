import { execFile, spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { requestBytes } from '../exchange.ts'
import type { Load, LoadResult } from './load.ts'
import type { LoadTarget } from './load-target.ts'

const run = promisify(execFile)

/** The line that {@link script} prints its figures behind. */
const MARK = 'figures: '

/** wrk (https://github.com/wg/wrk), or null where it is not on the PATH. */
export function startWrk(directory: string): Load | null {
  const { stdout, error } = spawnSync('wrk', ['--version'], { encoding: 'utf8' })
  if (error !== undefined) return null
  const [version = ''] = /wrk \S+/.exec(stdout) ?? []
  return { name: version, pid: 0, run: (target) => measure(directory, target), stop: async () => undefined }
}

async function measure(
  directory: string,
  { url, keys, connections, seconds }: LoadTarget,
): Promise<LoadResult> {
  const file = join(directory, 'load.lua')
  writeFileSync(file, script(keys))
  const args = ['--threads', '1', '--connections', `${connections}`, '--duration', `${seconds}s`]
  const { stdout } = await run('wrk', [...args, '--timeout', '10s', '--latency', '--script', file, url])
  const line = stdout.split('\n').find((one) => one.startsWith(MARK))
  if (line === undefined) throw new Error(`wrk told no figures:\n${stdout}`)
  return JSON.parse(line.slice(MARK.length)) as LoadResult
}

/** The requests are made once, so that the load itself costs little. */
function script(keys: readonly string[]): string {
  const requests = keys.map((key) => `  ${luaString(requestBytes(key).toString('latin1'))},`)
  return `local requests = {
${requests.join('\n')}
}
local turn = 0
request = function()
  turn = turn % #requests + 1
  return requests[turn]
end
done = function(summary, latency)
  local errors = summary.errors
  io.write(string.format('${MARK}{"requests":%d,"seconds":%f,"p50":%f,"p99":%f,"errors":%d}\\n',
    summary.requests, summary.duration / 1e6, latency:percentile(50), latency:percentile(99),
    errors.connect + errors.read + errors.write + errors.status + errors.timeout))
end
`
}

/** A Lua string literal of printable ASCII and line ends. */
function luaString(text: string): string {
  return JSON.stringify(text)
}
