import { createConnection, type Socket } from 'node:net'
import { requestBytes } from '../exchange.ts'
import { messageLength } from '../message.ts'
import { quantile } from '../statistics.ts'
import type { LoadResult } from './load.ts'
import type { LoadTarget } from './load-target.ts'

/** Latencies kept of one measurement: more than any machine answers in it. */
const MOST_LATENCIES = 4_000_000
const GOOD = Buffer.from('HTTP/1.1 200')
const NOTHING = Buffer.alloc(0)

/** One measurement: every connection sends its next request as soon as it has the answer to the last. */
class Measurement {
  readonly #requests: readonly Buffer[]
  readonly #latencies = new Float64Array(MOST_LATENCIES)
  readonly #sockets = new Set<Socket>()
  readonly #started = performance.now()
  #turn = 0
  #count = 0
  #errors = 0

  constructor({ url, keys, connections }: LoadTarget) {
    const { hostname, port } = new URL(url)
    this.#requests = keys.map(requestBytes)
    for (let i = 0; i < connections; i++) this.#open(hostname, Number(port))
  }

  end(): LoadResult {
    const seconds = (performance.now() - this.#started) / 1000
    for (const socket of this.#sockets) socket.destroy()
    const kept = this.#latencies.subarray(0, Math.min(this.#count, MOST_LATENCIES)).sort()
    const [p50, p99] = [quantile(kept, 0.5) * 1000, quantile(kept, 0.99) * 1000]
    return { requests: this.#count, seconds, p50, p99, errors: this.#errors }
  }

  #open(host: string, port: number): void {
    const socket = createConnection({ host, port, noDelay: true })
    this.#sockets.add(socket)
    let sent = 0
    let rest = NOTHING
    const send = (): void => {
      sent = performance.now()
      this.#turn = (this.#turn + 1) % this.#requests.length
      socket.write(this.#requests[this.#turn] as Buffer)
    }
    socket.on('connect', send)
    socket.on('data', (chunk) => {
      const bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk])
      const length = messageLength(bytes)
      rest = length === 0 ? bytes : bytes.subarray(length)
      if (length === 0) return
      this.#note(performance.now() - sent, bytes)
      send()
    })
    socket.on('error', () => socket.destroy())
    socket.on('close', () => this.#errors++)
  }

  #note(latency: number, answer: Buffer): void {
    this.#latencies[this.#count++] = latency
    if (GOOD.compare(answer, 0, GOOD.length) !== 0) this.#errors++
  }
}

process.on('message', (target: LoadTarget) => {
  const measurement = new Measurement(target)
  setTimeout(() => process.send?.(measurement.end()), target.seconds * 1000)
})
process.on('disconnect', () => process.exit())
process.send?.({ url: '' })
