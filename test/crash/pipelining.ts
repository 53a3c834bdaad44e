import { connect } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import type { Account } from '../../src/devkms/account.ts'
import { requestLine } from '../../src/devkms/traffic/action.ts'
import { authHeaders } from '../../src/devkms/traffic/client.ts'
import { messageLength } from '../bench/message.ts'
import { RECONNECT_MS, type Witness } from './witness.ts'

/** Requests written to one connection before any answer is read. */
const DEPTH = 6

export interface PipeliningOptions {
  readonly url: string
  readonly witness: Witness
  readonly account: Account
  readonly key: string
  readonly signal: AbortSignal
}

/**
 * Keeps one connection busy with pipelined requests: ordinary ones, one that keytrail refuses for its path and
 * one that its access list refuses. Connects again when it is cut.
 */
export async function pipeline(options: PipeliningOptions): Promise<void> {
  while (!options.signal.aborted) {
    await runConnection(options)
    await delay(RECONNECT_MS)
  }
}

function runConnection(options: PipeliningOptions): Promise<void> {
  const { hostname, port } = new URL(options.url)
  const socket = connect(Number(port), hostname)
  let waiting: string[] = []
  let rest: Buffer = Buffer.alloc(0)
  const sendMore = (): void => {
    if (options.signal.aborted) {
      socket.end()
      return
    }
    const batch = Array.from({ length: DEPTH }, (_, place) => requestOf(options, place))
    waiting = batch.map(({ address }) => address)
    socket.write(batch.map(({ bytes }) => bytes).join(''), 'latin1')
  }
  socket.on('error', () => undefined)
  socket.on('connect', sendMore)
  socket.on('data', (chunk: Buffer) => {
    rest = Buffer.concat([rest, chunk])
    for (let length = messageLength(rest); length > 0; length = messageLength(rest)) {
      const head = rest.toString('latin1', 0, rest.indexOf('\r\n\r\n'))
      const traceId = /\r\nx-ncp-trace-id: (\S+)/i.exec(head)?.[1] ?? ''
      options.witness.answered(waiting.shift() ?? '', Number(head.slice(9, 12)), traceId)
      rest = rest.subarray(length)
    }
    if (waiting.length === 0) sendMore()
  })
  return new Promise((done) => socket.once('close', () => done()))
}

function requestOf(options: PipeliningOptions, place: number): { address: string; bytes: string } {
  const { witness, account, key } = options
  const named = place === 2 ? 'forbidden' : key
  const { method, target: plain } = requestLine('encrypt', named, { version: 1, query: '' })
  const target = place === 4 ? plain.replace('/encrypt', '/x/../encrypt') : plain
  const body = JSON.stringify({ plaintext: 'c29tZSBieXRlcyB0byBlbmNyeXB0' })
  const address = witness.sending(method, target)
  const headers = {
    host: 'kms',
    ...authHeaders({
      baseUrl: '',
      method,
      target,
      body: null,
      now: Date.now(),
      credential: { kind: 'account', account, signature: 2 },
    }),
    'x-forwarded-for': address,
    'content-type': 'application/json',
    'content-length': String(body.length),
  }
  const lines = Object.entries(headers).map((pair) => pair.join(': '))
  return { address, bytes: [`${method} ${target} HTTP/1.1`, ...lines, '', body].join('\r\n') }
}
