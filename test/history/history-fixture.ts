import { createHash } from 'node:crypto'
import { request as httpRequest } from 'node:http'
import type { Test } from 'tap'
import type { HistoryOptions } from '../../src/history/options.ts'
import { createHistoryServer } from '../../src/history/server.ts'
import type { AuditRecord } from '../../src/record.ts'
import { createModelReader, type ModelReader, type ModelRetention } from '../helper/model-reader.ts'

/** The clock of these tests stands here unless one moves it. */
export const NOW = Date.parse('2026-10-01T12:00:00.000Z')
export const DAY = 86_400_000

export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly text: string
  /** The body as JSON; undefined for any other. */
  readonly json: unknown
}

export interface HistoryFixture {
  readonly reader: ModelReader
  readonly url: string
  /** Unix ms that the server and the reader see. */
  now: number
  /** How often the server had what is pending applied. */
  settled: number
  get(target: string, options?: RequestOptions): Promise<Answer>
  /** Closes the server before the test ends. */
  stop(): Promise<void>
}

export interface RequestOptions {
  readonly method?: string
  readonly headers?: Record<string, string>
  readonly body?: string
}

/** A history server over a model of the store, closed when the test ends. */
export async function startHistory(
  t: Test,
  overrides: Partial<HistoryOptions> & { readonly retention?: ModelRetention } = {},
): Promise<HistoryFixture> {
  const { retention = { records: 30_000, ageMs: 30 * DAY }, ...options } = overrides
  const clock = (): number => fixture.now
  const reader = createModelReader(retention, clock)
  const fixture: { -readonly [Name in keyof HistoryFixture]: HistoryFixture[Name] } = {
    reader,
    url: '',
    now: NOW,
    settled: 0,
    get: (target, request) => send(fixture.url, target, request),
    stop: () => server.close(),
  }
  const server = await createHistoryServer({
    reader,
    settle: async () => {
      fixture.settled++
    },
    readiness: async () => ({ ready: true, reasons: [] }),
    metrics: async () => 'keytrail_up 1\n',
    auth: { kind: 'none' },
    cursorKey: new Uint8Array(32).fill(7),
    clock,
    version: '1.2.3',
    instance: 'test-instance',
    ...options,
    limits: { requestsPerMinute: 1_000_000, ...options.limits },
  })
  t.teardown(() => server.close())
  fixture.url = (await server.listen({ host: '127.0.0.1', port: 0 })).url
  return fixture
}

/** Sends a request whose target goes out exactly as given (fetch would tidy it up). */
export function send(url: string, target: string, options: RequestOptions = {}): Promise<Answer> {
  const { method = 'GET', headers = {}, body } = options
  const { hostname, port } = new URL(url)
  return new Promise((resolve, reject) => {
    const request = httpRequest(
      { hostname, port, path: target, method, headers, agent: false },
      (response) => {
        const chunks: Buffer[] = []
        response.on('data', (chunk: Buffer) => chunks.push(chunk))
        response.on('error', reject)
        response.on('end', () => {
          const text = Buffer.concat(chunks).toString()
          const isJson = /[/+]json/.test(response.headers['content-type'] ?? '') && text !== ''
          const json: unknown = isJson ? JSON.parse(text) : undefined
          resolve({ status: response.statusCode ?? 0, headers: response.headers, text, json })
        })
      },
    )
    request.on('error', reject)
    request.end(body)
  })
}

/** A record of a successful encryption, one minute before {@link NOW}. */
export function record(changes: Partial<AuditRecord> = {}): AuditRecord {
  return {
    time: NOW - 60_000,
    durationMs: 12,
    channel: 'api',
    address: '203.0.113.7',
    addressSource: 'socket',
    requester: { id: 'acct-1', kind: 'account', credential: 'AKID1' },
    action: 'encrypt',
    class: 'use',
    key: 'billing-1',
    keyVersion: '',
    outcome: 'success',
    status: 200,
    errorCode: '',
    requestId: '',
    items: 0,
    reason: '',
    ...changes,
  }
}

/** The code of a problem document. */
export function codeOf(answer: Answer): unknown {
  return (answer.json as { code?: unknown } | undefined)?.code
}

export function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}

export function ringOf(key: string): { kind: 'key'; key: string } {
  return { kind: 'key', key }
}
