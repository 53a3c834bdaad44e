import { once } from 'node:events'
import { createServer, type Socket } from 'node:net'
import type { Test } from 'tap'

/** A request as its very bytes say. */
export interface RawRequest {
  readonly method: string
  readonly target: string
  /** As received, white space around the values taken off. */
  readonly headers: readonly (readonly [string, string])[]
  readonly body: Buffer
}

/** The answer to one: status, headers, body. */
export interface RawAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/**
 * An HTTP/1.1 server of its own making, so that no parser stands between a test and the bytes. It takes requests with
 * Content-Length only, and cuts the connection of any other.
 */
export async function rawHttpServer(t: Test, answer: (request: RawRequest) => RawAnswer): Promise<string> {
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    let bytes = Buffer.alloc(0)
    socket.on('error', () => undefined)
    socket.on('close', () => sockets.delete(socket))
    socket.on('data', (chunk: Buffer) => {
      bytes = Buffer.concat([bytes, chunk])
      for (let next = takeRequest(bytes); next !== null; next = takeRequest(bytes)) {
        bytes = Buffer.from(bytes.subarray(next.length))
        socket.write(answerText(answer(next.request)))
      }
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  return `http://127.0.0.1:${address.port}`
}

function takeRequest(bytes: Buffer): { request: RawRequest; length: number } | null {
  const end = bytes.indexOf('\r\n\r\n')
  if (end < 0) return null
  const [requestLine = '', ...lines] = bytes.toString('latin1', 0, end).split('\r\n')
  const [method = '', target = ''] = requestLine.split(' ')
  const headers = lines.map((line): readonly [string, string] => {
    const colon = line.indexOf(':')
    return [line.slice(0, colon), line.slice(colon + 1).trim()]
  })
  const length = Number(headers.find(([name]) => name.toLowerCase() === 'content-length')?.[1] ?? 0)
  const start = end + 4
  if (bytes.length < start + length) return null
  const body = Buffer.from(bytes.subarray(start, start + length))
  return { request: { method, target, headers, body }, length: start + length }
}

function answerText({ status, headers, body }: RawAnswer): string {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
  return `HTTP/1.1 ${status} Answer\r\n${lines.join('')}Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`
}
