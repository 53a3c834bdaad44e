import { IncomingMessage, ServerResponse } from 'node:http'
import { Socket } from 'node:net'
import t from 'tap'
import { Answer } from '../../src/proxy/answer.ts'
import { releaseAnswer, releaseOwn } from '../../src/proxy/release.ts'
import { sendRaw } from '../helper/raw-client.ts'
import { rawUpstream } from '../helper/raw-upstream.ts'
import { runProxy } from './running-proxy.ts'

const REQUEST = 'GET /kms/v1/keys/k HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n'
const KOREAN = Buffer.from('성공').toString('latin1')
const CHUNKED = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n'
const LARGE = `186a0\r\n${'x'.repeat(100_000)}\r\n`

/** What the upstream says, and what the client must get of it. */
const ANSWERS: Record<string, { answer: string; client: RegExp }> = {
  'a status text in another tongue': {
    answer: `HTTP/1.1 200 ${KOREAN}\r\nContent-Length: 2\r\n\r\n{}`,
    client: new RegExp(`^HTTP/1.1 200 ${KOREAN}\r\n[\\s\\S]*\r\n\r\n\\{\\}$`),
  },
  'a status text that is no UTF-8': {
    answer: 'HTTP/1.1 200 Tr\xe8s bien\r\nContent-Length: 2\r\n\r\n{}',
    client: /^HTTP\/1.1 200 \r\n[\s\S]*\r\n\r\n\{\}$/,
  },
  'trailers announced where there can be none': {
    answer: 'HTTP/1.1 200 OK\r\nX-A: 1\r\nTrailer: X-Sum\r\nContent-Length: 2\r\n\r\n{}',
    client: /\r\nX-A: 1\r\nContent-Length: 2\r\n[\s\S]*\r\n\r\n\{\}$/,
  },
  'no status text': {
    answer: 'HTTP/1.1 404 \r\nContent-Length: 2\r\n\r\n{}',
    client: /^HTTP\/1.1 404 \r\n[\s\S]*\r\n\r\n\{\}$/,
  },
  'headers with odd bytes, twice the same name': {
    answer: `HTTP/1.1 200 OK\r\nX-A: ${KOREAN}\r\nx-a: \t2 \xff\r\nSet-Cookie: a\r\nSet-Cookie: b\r\nX-Empty:\r\nContent-Length: 0\r\n\r\n`,
    client: new RegExp(
      `\r\nX-A: ${KOREAN}\r\nx-a: 2 \xff\r\nSet-Cookie: a\r\nSet-Cookie: b\r\nX-Empty: \r\nContent-Length: 0\r\n`,
    ),
  },
  'trailers with odd bytes': {
    answer: `${CHUNKED}2\r\n{}\r\n0\r\nX-Sum: ${KOREAN}\r\nx-sum: \xff\r\nKeep-Alive: 5\r\n\r\n`,
    client: new RegExp(`\r\n2\r\n\\{\\}\r\n0\r\nX-Sum: ${KOREAN}\r\nx-sum: \xff\r\n\r\n$`),
  },
  'trailers behind a large body': {
    answer: `${CHUNKED}${LARGE}0\r\nX-Sum: ${KOREAN}\r\n\r\n`,
    client: new RegExp(`x\r\n0\r\nX-Sum: ${KOREAN}\r\n\r\n$`),
  },
  'a body that ends with its connection': {
    answer: 'HTTP/1.0 200 OK\r\nX-A: 1\r\n\r\n{}',
    client: /^HTTP\/1.1 200 OK\r\nX-A: 1\r\n[\s\S]*\r\n\r\n(2\r\n)?\{\}/,
  },
  'a large one that does': {
    answer: `HTTP/1.0 200 OK\r\nX-A: 1\r\n\r\n${'y'.repeat(300_000)}`,
    client: /^HTTP\/1.1 200 OK\r\nX-A: 1\r\n[\s\S]*y\r\n0\r\n\r\n$/,
  },
  'a status nobody knows': {
    answer: 'HTTP/1.1 799 Odd\r\nContent-Length: 2\r\n\r\n{}',
    client: /^HTTP\/1.1 799 Odd\r\n[\s\S]*\{\}$/,
  },
  'a 204 that claims a body': {
    answer: 'HTTP/1.1 204 None\r\nContent-Length: 5\r\n\r\n',
    client: /^HTTP\/1.1 204 None\r\n[\s\S]*\r\n\r\n$/,
  },
  'a 304 that tells the length of what it stands for': {
    answer: 'HTTP/1.1 304 Not Modified\r\nETag: "a"\r\nContent-Length: 5\r\n\r\n',
    client: /^HTTP\/1.1 304 Not Modified\r\nETag: "a"\r\nContent-Length: 5\r\n[\s\S]*\r\n\r\n$/,
  },
}

t.test('what the upstream says is what the client hears', async (t) => {
  let answer = ''
  const upstream = await rawUpstream(t, ({ received, socket }) => {
    if (received.endsWith('\r\n\r\n')) socket.end(answer, 'latin1')
  })
  const proxy = await runProxy(t, upstream.url, { limits: { heldResponse: 65_536 } })
  let count = 0
  for (const [name, expected] of Object.entries(ANSWERS)) {
    answer = expected.answer
    const back = await sendRaw(proxy.url, REQUEST)
    t.ok(expected.client.test(back), `${name}: ${JSON.stringify(back.slice(0, 200))}`)
    t.equal(proxy.recorder.records.length, ++count)
    const [, status] = answer.split(' ')
    t.match(proxy.recorder.records.at(-1), { status: Number(status) })
  }
})

t.test('an answer that can not be written is no answer, and the process lives on', async (t) => {
  for (const odd of [
    { status: 99 },
    { statusText: 'a\nb' },
    { headers: ['X-A', 'a\r\nb'] },
    { trailers: ['X-A', 'a\nb'], headers: ['Transfer-Encoding', 'chunked'] },
    { trailers: ['no name', ''], headers: ['Transfer-Encoding', 'chunked'] },
  ]) {
    for (const held of [true, false]) {
      const { answer, aborted } = makeAnswer(held)
      Object.assign(answer, odd)
      const response = makeResponse()
      t.doesNotThrow(
        () => {
          releaseAnswer(response, answer)
          if (!held) answer.onEnd((odd.trailers ?? []).map((text) => Buffer.from(text)))
        },
        `${JSON.stringify(odd)} ${held}`,
      )
      t.ok(response.destroyed)
      t.ok(aborted())
    }
  }
})

t.test('a client that has gone gets nothing', async (t) => {
  const { answer, aborted } = makeAnswer(true)
  const response = makeResponse()
  response.destroy()
  releaseAnswer(response, answer)
  releaseOwn(response, { status: 400, contentType: 'text/plain', body: 'no' }, { close: true })
  t.notOk(response.headersSent)
  t.ok(aborted())
})

t.test('an answer of the sidecar’s own', (t) => {
  const plain = makeResponse()
  releaseOwn(plain, { status: 403, contentType: 'application/json', body: '"é"' }, { close: false })
  t.equal(plain.statusCode, 403)
  t.match(head(plain), /\r\nContent-Type: application\/json\r\nContent-Length: 4\r\n/)
  t.notMatch(head(plain), /Retry-After|Connection: close/)
  const close = makeResponse()
  const busy = { status: 503, contentType: 'text/plain', body: 'later' }
  releaseOwn(close, busy, { close: true, retryAfter: 7 })
  t.match(head(close), /\r\nRetry-After: 7\r\nConnection: close\r\n/)
  t.doesNotThrow(() => releaseOwn(close, busy, { close: true }), 'only one answer')
  t.end()
})

function makeResponse(): ServerResponse {
  const request = new IncomingMessage(new Socket())
  Object.assign(request, { httpVersionMajor: 1, httpVersionMinor: 1 })
  return new ServerResponse(request)
}

/** The head that a response has written. */
function head(response: ServerResponse): string {
  return String(Reflect.get(response, '_header'))
}

/** An answer of `{}`, held, or too large to be held. */
function makeAnswer(held: boolean) {
  let aborted = false
  const answer = new Answer(
    {
      onForwarded: () => undefined,
      onTunnel: () => undefined,
      onInterim: () => undefined,
      onAnswered: () => undefined,
      onUnanswered: () => undefined,
    },
    held ? 100 : 1,
  )
  answer.onSent(() => {
    aborted = true
  })
  answer.onHead(200, [], 'OK', () => undefined)
  answer.onBody(Buffer.from('{}'))
  if (held) answer.onEnd([])
  return { answer, aborted: () => aborted }
}
