import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type Dispatcher, Pool } from 'undici'

/** The least that a hop on node:http and undici can do: bodies held whole, headers handed on, no records. */
const [target = '', connections = '64'] = process.argv.slice(2)
const pool = new Pool(target, { connections: Number(connections), pipelining: 1 })

class Call implements Dispatcher.DispatchHandler {
  readonly #response: ServerResponse
  readonly #chunks: Buffer[] = []

  constructor(response: ServerResponse) {
    this.#response = response
  }

  onConnect(): void {}

  onHeaders(status: number, rawHeaders: Buffer[], _: () => void, statusText: string): boolean {
    const headers = rawHeaders.map((text) => text.toString('latin1'))
    this.#response.sendDate = false
    this.#response.writeHead(status, statusText, headers)
    return true
  }

  onData(chunk: Buffer): boolean {
    this.#chunks.push(chunk)
    return true
  }

  onComplete(): void {
    this.#response.end(Buffer.concat(this.#chunks))
  }

  onError(error: Error): void {
    throw error
  }
}

function forward(request: IncomingMessage, response: ServerResponse): void {
  const chunks: Buffer[] = []
  request.on('data', (chunk: Buffer) => chunks.push(chunk))
  request.on('end', () => {
    const { method, url: path = '', rawHeaders } = request
    const headers: string[] = []
    for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
      const name = String(rawHeaders[i])
      if (name.toLowerCase() !== 'connection') headers.push(name, String(rawHeaders[i + 1]))
    }
    const body = Buffer.concat(chunks)
    pool.dispatch({ path, method: method as Dispatcher.HttpMethod, headers, body }, new Call(response))
  })
}

const server = createServer(forward)
server.listen(0, '127.0.0.1', () => {
  process.send?.({ url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` })
})
process.on('disconnect', () => process.exit())
