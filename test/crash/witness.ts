import { closeSync, openSync, readFileSync, writeSync } from 'node:fs'
import type { Agent } from 'node:http'
import { setTimeout as delay } from 'node:timers/promises'
import { exchange, type IncomingAnswer, type OutgoingRequest } from '../../src/devkms/traffic/client.ts'

/** An answer as its client saw it. */
export interface Told {
  readonly status: number
  /** The upstream's; '' for an answer of keytrail's own. */
  readonly traceId: string
  /** Unix ms. */
  readonly at: number
  /** The key that it made; '' for none. */
  readonly created: string
}

/** What a client knows at its end: see {@link readTestimony}. */
export interface Testimony {
  /** `METHOD target` of each request that was begun, by its address. */
  readonly sent: ReadonlyMap<string, string>
  readonly answers: ReadonlyMap<string, Told>
}

/** How long to wait before a refused connection is tried again. */
export const RECONNECT_MS = 40

/**
 * Gives every request a client address of its own (X-Forwarded-For), by which it can be told from all others in
 * every log, and writes down what was sent before it goes and what was answered as soon as it is there: one
 * write a line, so that nothing of it is lost with this process.
 */
export class Witness {
  readonly #fd: number
  #count = 0

  constructor(file: string) {
    this.#fd = openSync(file, 'a')
  }

  /** The next request's address: 10.0.0.0/8 has room for 16 million. */
  sending(method: string, target: string): string {
    const id = ++this.#count
    const address = `10.${(id >> 16) & 255}.${(id >> 8) & 255}.${id & 255}`
    writeSync(this.#fd, `S ${address} ${method} ${target}\n`)
    return address
  }

  answered(address: string, status: number, traceId: string, created = ''): void {
    writeSync(this.#fd, `A ${address} ${status} ${Date.now()} ${traceId} ${created}\n`)
  }

  /** In place of the traffic's own {@link exchange}. */
  readonly exchange = async (agent: Agent, outgoing: OutgoingRequest): Promise<IncomingAnswer> => {
    const address = this.sending(outgoing.method, outgoing.target)
    const answer = await exchange(agent, { ...outgoing, headers: { 'x-forwarded-for': address } })
    const created = outgoing.target === '/kms/v1/keys' ? String(answer.data['keyTag'] ?? '') : ''
    if (answer.status !== 0) this.answered(address, answer.status, answer.traceId, created)
    else await delay(RECONNECT_MS)
    return answer
  }

  close(): void {
    closeSync(this.#fd)
  }
}

/** Reads what a {@link Witness} wrote. */
export function readTestimony(file: string): Testimony {
  const sent = new Map<string, string>()
  const answers = new Map<string, Told>()
  // A line that was cut was not told.
  for (const line of readFileSync(file, 'utf8').split('\n').slice(0, -1)) {
    const [kind, address = '', third = '', fourth = '', fifth = '', created = ''] = line.split(' ')
    if (kind === 'S') sent.set(address, `${third} ${fourth}`)
    else answers.set(address, { status: Number(third), at: Number(fourth), traceId: fifth, created })
  }
  return { sent, answers }
}
