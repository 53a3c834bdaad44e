import { Readable } from 'node:stream'
import { isDeepStrictEqual } from 'node:util'
import t, { type Test } from 'tap'
import {
  Upstream,
  type UpstreamFailure,
  type UpstreamHandler,
  type UpstreamOptions,
  type UpstreamRequest,
} from '../../src/proxy/upstream.ts'
import { closedPort } from '../helper/http-upstream.ts'
import { openConnection } from '../helper/raw-connection.ts'
import { rawUpstream } from '../helper/raw-upstream.ts'
import { until } from '../helper/until.ts'
import { runProxy } from './running-proxy.ts'

const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}'

/** What became of one request. */
class Seen implements UpstreamHandler {
  readonly statuses: number[] = []
  sent = 0
  body = ''
  failure: UpstreamFailure | null = null
  over = false

  onSent(): void {
    this.sent++
  }

  onHead(status: number): boolean {
    this.statuses.push(status)
    return true
  }

  onBody(chunk: Buffer): boolean {
    this.body += chunk.toString('latin1')
    return true
  }

  onEnd(): void {
    this.over = true
  }

  onFailure(failure: UpstreamFailure): void {
    this.failure = failure
    this.over = true
  }
}

function connect(t: Test, url: string, options: Partial<UpstreamOptions> = {}): Upstream {
  const upstream = new Upstream({
    ...{ url, connections: 2, connectTimeoutMs: 2000, responseTimeoutMs: 20_000, host: 'keep' },
    ...options,
  })
  t.teardown(() => upstream.close())
  return upstream
}

async function send(upstream: Upstream, request: Partial<UpstreamRequest> = {}): Promise<Seen> {
  const seen = new Seen()
  upstream.send({ method: 'GET', target: '/', headers: ['Host', 'a'], body: null, ...request }, seen)
  await until(() => (seen.over ? seen : null))
  return seen
}

t.test('a request that was never sent has failed', async (t) => {
  const refused = await send(connect(t, await closedPort()))
  t.match(refused, { sent: 0, failure: { kind: 'unreachable', message: 'ECONNREFUSED' } })
  const silent = await rawUpstream(t, () => undefined)
  const handshake = connect(t, silent.url.replace('http://127.0.0.1', 'https://localhost'), {
    connectTimeoutMs: 50,
  })
  t.match(await send(handshake), { sent: 0, failure: { kind: 'unreachable' } })
  const closed = connect(t, silent.url)
  await closed.close()
  t.match(await send(closed), { sent: 0, failure: { kind: 'unreachable' } })
})

t.test('of one that was sent and not answered nobody knows', async (t) => {
  const cut = await rawUpstream(t, ({ socket }) => socket.resetAndDestroy())
  t.match(await send(connect(t, cut.url)), { sent: 1, failure: { kind: 'broken' } })
  t.equal(cut.connections.length, 1, 'it is not repeated')
  const silent = await rawUpstream(t, () => undefined)
  const impatient = connect(t, silent.url, { responseTimeoutMs: 50 })
  t.match(await send(impatient), { sent: 1, failure: { kind: 'timeout' } })
  t.equal(silent.connections.length, 1)
  const waiting = connect(t, silent.url)
  const seen = new Seen()
  waiting.send({ method: 'GET', target: '/', headers: ['Host', 'a'], body: null }, seen)
  await until(() => (seen.sent === 1 ? seen : null))
  await waiting.close()
  t.match(seen, { sent: 1, failure: { kind: 'broken' } }, 'given up at the end')
})

t.test('a request that undici refuses takes no connection with it', async (t) => {
  const server = await rawUpstream(t, ({ socket }) => socket.write(OK))
  const upstream = connect(t, server.url)
  for (let i = 0; i < 5; i++) {
    const refused = await send(upstream, { headers: ['Host', 'a', 'Host', 'b'] })
    t.match(refused, { sent: 0, failure: { kind: 'unreachable' } })
  }
  t.match(await send(upstream), { statuses: [200], body: '{}', failure: null })
})

t.test('Host: the client’s own, or the upstream’s', async (t) => {
  const server = await rawUpstream(t, ({ socket }) => socket.end(OK))
  await send(connect(t, server.url), { headers: ['hOST', 'kms.example', 'X-A', '1'] })
  await send(connect(t, server.url, { host: 'rewrite' }), { headers: ['hOST', 'kms.example', 'X-A', '1'] })
  const hosts = server.connections.map(({ received }) => /\r\nhost: (.*)\r\n/.exec(received)?.[1])
  t.strictSame(hosts, ['kms.example', new URL(server.url).host])
  for (const { received } of server.connections) t.match(received, /\r\nX-A: 1\r\n/)
})

t.test('interim answers come, and the final one', async (t) => {
  const interim = 'HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 102 Processing\r\n\r\n'
  const server = await rawUpstream(t, ({ socket }) => socket.write(interim + OK))
  t.match(await send(connect(t, server.url)), { statuses: [103, 102, 200], body: '{}', failure: null })
})

t.test('a kept-alive connection that the upstream is about to close', async (t) => {
  const received = new Map<string, number>()
  let late = 0
  const server = await rawUpstream(t, (connection) => {
    const [, id = ''] = /^GET \/(\d+) /.exec(connection.received) ?? []
    if (id === '' || !connection.received.endsWith('\r\n\r\n')) return
    const answered = connection.socket.bytesWritten > 0
    connection.received = ''
    received.set(id, (received.get(id) ?? 0) + 1)
    // Closed without a word (a keep-alive timeout), while the next request is on its way or already there.
    if (answered) {
      late++
      connection.socket.destroy()
    } else connection.socket.write(OK, () => Number(id) % 3 === 0 && connection.socket.end())
  })
  const upstream = connect(t, server.url, { connections: 1 })
  let unanswered = 0
  for (let id = 0; id < 60; id++) {
    const { failure, statuses, sent } = await send(upstream, { target: `/${id}` })
    if (failure === null) t.strictSame([statuses, sent, received.get(String(id))], [[200], 1, 1], `${id}`)
    else {
      unanswered++
      t.strictSame([failure.kind, statuses, sent], ['broken', [], 1], `${id} may have been executed`)
      t.ok((received.get(String(id)) ?? 0) <= 1, `${id} was not repeated`)
    }
  }
  t.ok(unanswered >= late && late > 0, `${late} of ${unanswered} unanswered requests did arrive`)
})

t.test('pause and resume', async (t) => {
  const server = await rawUpstream(t, ({ socket }) => {
    socket.write(`HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n${'x'.repeat(1_000_000)}`)
  })
  const upstream = connect(t, server.url)
  let resume: () => void = () => undefined
  let length = 0
  let calls = 0
  const over = new Promise<void>((done, fail) => {
    upstream.send(
      { method: 'GET', target: '/', headers: ['Host', 'a'], body: null },
      {
        onSent: () => undefined,
        onHead(_status, _headers, _text, go) {
          resume = go
          return true
        },
        onBody(chunk) {
          length += chunk.length
          calls++
          setImmediate(resume)
          return false
        },
        onEnd: () => done(),
        onFailure: ({ message }) => fail(new Error(message)),
      },
    )
  })
  await over
  t.equal(length, 1_000_000)
  t.ok(calls > 1)
})

const SMUGGLED = 'GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n'
const PATH = '/kms/v1/keys/k/encrypt'

function chunk(data: string): string {
  return `${data.length.toString(16)}\r\n${data}\r\n`
}

/** Requests with bodies where few expect them, one that is held and one that is streamed for each framing. */
function framed(method: string): string[] {
  const head = `${method} ${PATH} HTTP/1.1\r\nHost: a\r\n`
  const large = SMUGGLED.padEnd(200_000, 'x')
  return [
    ...[SMUGGLED, large].map((body) => `${head}Content-Length: ${body.length}\r\n\r\n${body}`),
    ...[SMUGGLED, large].map(
      (body) => `${head}Transfer-Encoding: chunked\r\n\r\n${chunk('ab')}${chunk(body)}0\r\n\r\n`,
    ),
    `${head}Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
    `${head}Content-Length: 0\r\n\r\n`,
    `${head}\r\n`,
  ]
}

/** What a strict reader makes of `message`: null where it is not whole yet, else its body and what follows. */
function parse(message: string): { line: string; body: string; rest: string } | null {
  const end = message.indexOf('\r\n\r\n') + 4
  if (end === 3) return null
  const head = message.slice(0, end)
  const line = head.slice(0, head.indexOf('\r\n'))
  if (!/\r\ntransfer-encoding: chunked\r\n/i.test(head)) {
    const length = Number(/\r\ncontent-length: (\d+)\r\n/i.exec(head)?.[1] ?? 0)
    const body = message.slice(end, end + length)
    return body.length < length ? null : { line, body, rest: message.slice(end + length) }
  }
  let body = ''
  for (let at = end; ; ) {
    const size = Number.parseInt(message.slice(at, message.indexOf('\r\n', at)), 16)
    const data = message.indexOf('\r\n', at) + 2
    if (Number.isNaN(size) || message.length < data + size + 2) return null
    if (size === 0) return { line, body, rest: message.slice(data + 2) }
    body += message.slice(data, data + size)
    at = data + size + 2
  }
}

t.test('one request in is one request out, whatever its method and framing', async (t) => {
  const upstream = await rawUpstream(t, ({ received, socket }) => {
    if (parse(received) === null) return
    socket.end('HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n')
  })
  const proxy = await runProxy(t, upstream.url)
  const client = await openConnection(t, proxy.url)
  let count = 0
  for (const method of ['GET', 'DELETE', 'OPTIONS', 'HEAD', 'POST', 'PUT', 'QUERY', 'M-SEARCH']) {
    for (const request of framed(method)) {
      const name = `${method} ${request.slice(request.indexOf('Host: a'), 80)}`
      client.write(request)
      count++
      await until(() => (client.received.split('HTTP/1.1 200 OK').length === count + 1 ? true : null))
      t.equal(upstream.connections.length, count, 'one more')
      const { received = '' } = upstream.connections.at(-1) ?? {}
      t.ok(isDeepStrictEqual(parse(received), parse(request)), JSON.stringify(name))
    }
  }
  t.equal(proxy.recorder.records.length, count)
  t.ok(proxy.recorder.records.every(({ status }) => status === 200))
})

t.test('a stream that ends before its declared length is no request', async (t) => {
  let answered = 0
  const server = await rawUpstream(t, ({ received, socket }) => {
    if (!received.endsWith('1234567890')) return
    answered++
    socket.write(OK)
  })
  const headers = ['Host', 'a', 'Content-Length', '10']
  const seen = await send(connect(t, server.url), { method: 'POST', headers, body: Readable.from(['1234']) })
  t.match(seen, { sent: 1, statuses: [], failure: { kind: 'broken' } })
  t.equal(answered, 0)
})
