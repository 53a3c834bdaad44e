import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Test } from 'tap'
import { KeytrailError } from '../../src/errors.ts'
import { httpUpstream } from '../helper/http-upstream.ts'
import { type OpenConnection, openConnection } from '../helper/raw-connection.ts'
import { until } from '../helper/until.ts'
import type { Entry, FakeRecorder } from './fake-recorder.ts'
import { type ProxyOptions, type RunningProxy, runProxy } from './running-proxy.ts'

/** A request of whose body the dialect needs nothing. */
export const POST = 'POST /kms/v1/keys/k/sign HTTP/1.1\r\nHost: a\r\n'
export const SMALL = `${POST}Content-Length: 2\r\n\r\n{}`
export const SUCCESS = '{"code":"SUCCESS"}'
export const FULL = new KeytrailError('QUEUE_FULL', 'full')
export const LIMITS = { heldResponse: 65_536, body: { held: 1024, most: 4_000_000 } }

export interface Stage extends RunningProxy {
  readonly client: OpenConnection
  /** Requests that have reached the upstream, and their responses. */
  readonly asked: { request: IncomingMessage; response: ServerResponse }[]
}

/** A proxy whose upstream answers when and as the test likes, and one client. */
export async function stage(t: Test, options: ProxyOptions = {}): Promise<Stage> {
  const asked: Stage['asked'] = []
  const url = await httpUpstream(t, (request, response) => {
    request.on('error', () => undefined)
    asked.push({ request, response })
  })
  const proxy = await runProxy(t, url, { limits: LIMITS, ...options })
  return { ...proxy, client: await openConnection(t, proxy.url), asked }
}

export function entry(recorder: FakeRecorder, kind: Entry['kind']): Promise<Entry> {
  return until(() => recorder.entry(kind))
}

/** The request that reaches the upstream next. */
export function next({ asked }: Stage): Promise<{ request: IncomingMessage; response: ServerResponse }> {
  return until(() => asked.shift() ?? null)
}

/** Long enough for what must not happen to happen: a few turns through the sockets and back. */
export async function turns(): Promise<void> {
  for (let i = 0; i < 20; i++) await new Promise((done) => setImmediate(done))
}

export function kinds({ entries }: FakeRecorder): string[] {
  return entries.map(({ kind }) => kind)
}
