import { randomUUID } from 'node:crypto'
import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { KeytrailError } from '../errors.ts'
import { type Account, generateAccounts } from './account.ts'
import { gatewayFailure } from './failure.ts'
import { KeyStore } from './key-store.ts'
import { type Answer, perform, type Service } from './perform.ts'
import { issueToken, type TokenOrder } from './token-generator.ts'

/** A request that was carried out or refused, as the development key API saw it. */
export interface ExecutedRequest {
  readonly method: string
  /** The request target exactly as received. */
  readonly target: string
  readonly headers: IncomingHttpHeaders
  /** HTTP status of the answer. */
  readonly status: number
  /** The answer's `x-ncp-trace-id`. */
  readonly traceId: string
}

export interface DevKmsOptions {
  /** Unix ms; judges timestamps, tokens, rotations and the 72 hours of a deletion. */
  readonly clock: () => number
  /** Who may ask; without it, three accounts made for this start. */
  readonly accounts?: readonly Account[]
  /** 0, the default, for any free port. */
  readonly port?: number
  /** 127.0.0.1 by default. */
  readonly host?: string
  /** Allow a `host` that others can reach. Its keys live in memory and every account may do everything. */
  readonly exposeToNetwork?: boolean
  /** Judge token addresses by X-Forwarded-For; only behind a proxy that writes it. Off by default. */
  readonly trustForwardedFor?: boolean
  /** Called for every whole request just before it is answered; must not throw. */
  readonly executed?: (request: ExecutedRequest) => void
}

/** A running development key API. */
export interface DevKms {
  /** e.g. `http://127.0.0.1:8200` */
  readonly url: string
  readonly accounts: readonly Account[]
  /**
   * Issues a token of a key directly, e.g. one that is already expired. Fails with KEY_UNKNOWN where there is no
   * such key, with a KmsFailure where its token generator is not active.
   */
  issueToken(keyTag: string, order: TokenOrder): Promise<string>
  /** Stops at once; requests in flight are cut off. */
  close(): Promise<void>
}

const loopback = ['127.0.0.1', '::1', 'localhost']

/**
 * Starts a key API that speaks NAVER Cloud KMS 1.0 and 2.0 with real cryptography, for development only.
 * Fails with CONFIG_INVALID for a host others can reach, ADDRESS_IN_USE or ADDRESS_UNAVAILABLE.
 */
export async function startDevKms(options: DevKmsOptions): Promise<DevKms> {
  const { clock, accounts = generateAccounts(), port = 0, host = '127.0.0.1' } = options
  if (!loopback.includes(host) && options.exposeToNetwork !== true) {
    throw new KeytrailError(
      'CONFIG_INVALID',
      `the development key API binds to loopback only, found ${host}: use 127.0.0.1, or expose it to the network expressly (--expose-to-network)`,
    )
  }
  const store = new KeyStore(clock)
  const rules = { accounts, trustForwardedFor: options.trustForwardedFor ?? false }
  const server = makeServer({ store, rules, clock }, options.executed ?? (() => {}))
  return {
    url: await listen(server, host, port),
    accounts,
    async issueToken(keyTag, order) {
      const key = await store.find(keyTag)
      if (key === null)
        throw new KeytrailError('KEY_UNKNOWN', `no key has the tag ${keyTag}: create it first`)
      return issueToken(key, order, clock())
    },
    close: () => stop(server),
  }
}

function makeServer(service: Service, executed: (request: ExecutedRequest) => void): Server {
  const server = createServer({ keepAliveTimeout: 30_000 }, async (request, response) => {
    const answer = await perform(service, request)
    // Cut off before its end, a request is neither carried out nor answered.
    if (!request.readableEnded) return
    const { method = '', url: target = '', headers } = request
    const traceId = randomUUID()
    executed({ method, target, headers, status: answer.status, traceId })
    send(request, response, answer, traceId)
  })
  server.on('clientError', refuseUnparsable)
  return server
}

function send(request: IncomingMessage, response: ServerResponse, answer: Answer, traceId: string): void {
  // The client may be gone; then there is nobody to answer, and nothing to do about it.
  response.on('error', () => {})
  const body = Buffer.from(JSON.stringify(answer.body))
  response.writeHead(answer.status, {
    'content-type': 'application/json; charset=utf-8',
    'content-length': body.length,
    'x-ncp-trace-id': traceId,
  })
  response.end(request.method === 'HEAD' ? undefined : body)
}

/** Bytes that are no HTTP request are answered as the gateway would, and the connection ends. */
function refuseUnparsable(_error: Error, socket: Socket): void {
  if (!socket.writable) return
  const body = JSON.stringify(gatewayFailure('bad-request').body)
  socket.end(
    `HTTP/1.1 400 Bad Request\r\nx-ncp-trace-id: ${randomUUID()}\r\ncontent-type: application/json\r\n` +
      `content-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`,
  )
}

function listen(server: Server, host: string, port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const code = error.code === 'EADDRINUSE' ? 'ADDRESS_IN_USE' : 'ADDRESS_UNAVAILABLE'
      reject(new KeytrailError(code, `can not listen on ${host}:${port}: choose another`, { cause: error }))
    })
    server.listen(port, host, () => {
      const { address, family, port: bound } = server.address() as AddressInfo
      resolve(`http://${family === 'IPv6' ? `[${address}]` : address}:${bound}`)
    })
  })
}

function stop(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve())
    server.closeAllConnections()
  })
}
