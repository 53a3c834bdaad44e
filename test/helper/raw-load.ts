import { connect, type Socket } from 'node:net'

export interface LoadOptions {
  readonly url: string
  readonly connections: number
  /** The request to send next, as bytes; null when there is no more. */
  next(): { readonly bytes: string; readonly id: string } | null
  /** An answer is whole. */
  answered(id: string, status: number): void
}

/**
 * Keeps `connections` kept-alive connections busy, one request at a time on each, until there is no more to send
 * or (a killed server) the connection ends. Answers must have a Content-Length.
 */
export async function load({ url, connections, next, answered }: LoadOptions): Promise<void> {
  const { hostname, port } = new URL(url)
  await Promise.all(
    Array.from({ length: connections }, async () => {
      const socket = connect(Number(port), hostname)
      socket.on('error', () => undefined)
      socket.setNoDelay(true)
      await runConnection(socket, next, answered)
    }),
  )
}

async function runConnection(socket: Socket, next: LoadOptions['next'], answered: LoadOptions['answered']) {
  let current = next()
  let received = ''
  const send = (): void => {
    if (current === null) socket.end()
    else socket.write(current.bytes, 'latin1')
  }
  socket.once('connect', send)
  socket.on('data', (chunk) => {
    received += chunk.toString('latin1')
    const head = received.indexOf('\r\n\r\n')
    if (head === -1 || current === null) return
    const length = Number(/\r\nContent-Length: (\d+)/i.exec(received)?.[1])
    if (received.length < head + 4 + length) return
    answered(current.id, Number(received.slice(9, 12)))
    received = received.slice(head + 4 + length)
    current = next()
    send()
  })
  // Not events.once(): that rejects on the error of a killed server.
  await new Promise((done) => socket.once('close', done))
}

/** An encrypt request of 60 bytes for `key`, as an account would send it; `id` comes back as the request id. */
export function encryptRequest(key: string, id: string): string {
  const body = JSON.stringify({ plaintext: 'cGxhaW50ZXh0IG9mIHRoZSByZXF1ZXN0LCBzb21lIGJ5dGVz' })
  return (
    `POST /kms/v1/keys/${key}/encrypt HTTP/1.1\r\nHost: kms\r\nx-ncp-iam-access-key: ACCESSKEY\r\n` +
    `x-ncp-apigw-timestamp: 1\r\nx-ncp-apigw-signature-v2: c2ln\r\nx-id: ${id}\r\n` +
    `Content-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`
  )
}
