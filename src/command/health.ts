import { X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { request } from 'node:https'
import type { TLSSocket } from 'node:tls'
import type { Config } from '../config/config.ts'
import { loadConfig } from '../config/load.ts'
import { KeytrailError } from '../errors.ts'
import type { Bind } from '../listener/bind.ts'
import type { CommandContext } from './command-context.ts'
import { ExitCode } from './exit-code.ts'
import { visible } from './visible.ts'

export interface HealthOptions {
  /** The configuration's file, for where the history API listens. */
  readonly config: string
  /** Base URL of the history API, in place of the configuration's. */
  readonly url?: string
}

/** A running keytrail asks its upstream for at most one second. */
const TIMEOUT_MS = 5000

/** `keytrail health`: whether a running keytrail can do its work, for the health check of a container. */
export async function health({ out, err, env }: CommandContext, options: HealthOptions): Promise<number> {
  const reasons =
    options.url === undefined
      ? await ownReadiness(loadConfig({ file: options.config, env }).history)
      : await readiness(new URL('/readyz', options.url), ask)
  if (reasons === null) {
    out('ready\n')
    return ExitCode.ok
  }
  for (const reason of reasons) err(`keytrail: not ready: ${visible(reason)}\n`)
  return ExitCode.no
}

interface Reply {
  readonly status: number
  readonly text: string
}

type Ask = (url: URL) => Promise<Reply>

/** Of the keytrail that the configuration describes. */
function ownReadiness({ bind, tls }: Config['history']): Promise<readonly string[] | null> {
  if (tls === null) return readiness(new URL(`http://${hostOf(bind)}/readyz`), ask)
  return readiness(new URL(`https://${hostOf(bind)}/readyz`), (url) => askSecurely(url, tls.cert))
}

/** null if it is ready, else why not. */
async function readiness(url: URL, ask: Ask): Promise<readonly string[] | null> {
  try {
    const { status, text } = await ask(url)
    const { ready, reasons }: { ready?: unknown; reasons?: unknown } = Object(JSON.parse(text))
    if (status === 200 && ready === true) return null
    if (Array.isArray(reasons) && reasons.length > 0) return reasons.map(String)
    return [`${url}: expected a keytrail’s readiness, found status ${status}`]
  } catch (error) {
    return [`${url}: ${whyNot(error)}`]
  }
}

async function ask(url: URL): Promise<Reply> {
  const response = await fetch(url, { signal: AbortSignal.timeout(TIMEOUT_MS), redirect: 'error' })
  return { status: response.status, text: await response.text() }
}

/** Trusts the configured certificate and no other: it is asked by address, and its authority may be anybody. */
function askSecurely(url: URL, certFile: string): Promise<Reply> {
  const own = new X509Certificate(readFileSync(certFile)).raw
  return new Promise((done, fail) => {
    const options = { rejectUnauthorized: false, agent: false, signal: AbortSignal.timeout(TIMEOUT_MS) }
    const asked = request(url, options, (response) => {
      const shown = (response.socket as TLSSocket).getPeerCertificate().raw
      if (!own.equals(shown)) {
        fail(new Error('the certificate shown is not the configured one'))
        asked.destroy()
        return
      }
      let text = ''
      response.setEncoding('utf8').on('data', (part: string) => {
        text += part
      })
      response.on('end', () => done({ status: response.statusCode ?? 0, text }))
      response.on('error', fail)
    })
    asked.on('error', fail)
    asked.end()
  })
}

function whyNot(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  if (error.name === 'TimeoutError') return `no answer within ${TIMEOUT_MS} ms`
  if (error instanceof SyntaxError) return 'expected JSON, found something else'
  const { cause } = error
  return cause instanceof Error ? ('code' in cause ? String(cause.code) : cause.message) : error.message
}

/** Where this machine reaches what is bound to every address. */
function hostOf({ host, port }: Bind): string {
  if (port === 0)
    throw new KeytrailError(
      'CONFIG_INVALID',
      'history.bind has port 0, which may be any: say which with --url',
    )
  const reached = host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host
  return `${reached.includes(':') ? `[${reached}]` : reached}:${port}`
}
