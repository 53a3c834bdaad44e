import type { Socket } from 'node:net'
import { Duplex } from 'node:stream'

/** How long a client may take to read what is left of a tunnel that has ended, in ms. */
const LINGER_MS = 1000

/**
 * The client's end of a tunnel, as the library sees it: what it writes before the tunnel is open (answers of its own
 * making) goes nowhere, everything else to the client's socket once there is one. Counts the bytes of both ways.
 */
export class TunnelEnd extends Duplex {
  /** Bytes from the client, and to it. */
  sent = 0
  received = 0
  #client: Socket | null = null
  #drained: (() => void) | null = null
  /** What is written is the library's own: the head of an answer. */
  #skipping = true
  /** The upstream's first bytes, while there is no client yet. */
  #early: { readonly chunk: Buffer; readonly done: () => void } | null = null

  /** After the next write, which is the head of the library's 101, comes what the upstream sends. */
  skipOnce(): void {
    this.once('skipped', () => {
      this.#skipping = false
    })
  }

  /** Connects the client; a tunnel through which nothing passes for `idleMs` ends. */
  open(client: Socket, idleMs: number): void {
    this.#client = client
    client.setTimeout(idleMs, () => this.destroy())
    client.on('data', (chunk: Buffer) => {
      this.sent += chunk.length
      if (!this.push(chunk)) client.pause()
    })
    client.on('end', () => this.push(null))
    client.on('drain', () => this.#goOn())
    client.on('error', () => this.destroy())
    client.on('close', () => this.destroy())
    const early = this.#early
    this.#early = null
    if (early !== null) this._write(early.chunk, 'latin1', early.done)
    client.resume()
  }

  override _read(): void {
    this.#client?.resume()
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    const client = this.#client
    if (client === null) {
      if (this.#skipping) {
        this.emit('skipped')
        done()
      } else this.#early = { chunk, done }
      return
    }
    this.received += chunk.length
    if (client.write(chunk)) done()
    else this.#drained = done
  }

  override _final(done: () => void): void {
    this.#client?.end()
    done()
  }

  override _destroy(_error: Error | null, done: (error: Error | null) => void): void {
    const client = this.#client
    if (client !== null && !client.destroyed) {
      client.destroySoon()
      const linger = setTimeout(() => client.destroy(), LINGER_MS)
      client.once('close', () => clearTimeout(linger))
    }
    this.#goOn()
    done(null)
  }

  /** What the library asks of a socket; the client's own has these already. */
  setTimeout(): this {
    return this
  }

  setNoDelay(): this {
    return this
  }

  setKeepAlive(): this {
    return this
  }

  #goOn(): void {
    const done = this.#drained
    this.#drained = null
    done?.()
  }
}
