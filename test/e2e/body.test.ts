import { createHash, randomBytes } from 'node:crypto'
import { request } from 'node:http'
import t from 'tap'
import { httpUpstream } from '../helper/http-upstream.ts'
import { sendRaw } from '../helper/raw-client.ts'
import { rawUpstream } from '../helper/raw-upstream.ts'
import { historyOf, runSidecar } from '../helper/running-sidecar.ts'

const PATH = '/kms/v1/keys/k1/encrypt'

function sha(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex')
}

t.test('large bodies flow through in both directions, unchanged', async (t) => {
  const url = await httpUpstream(t, (request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const body = Buffer.concat(chunks)
      response.setHeader(
        'x-framing',
        String(request.headers['content-length'] ?? request.headers['transfer-encoding']),
      )
      response.end(body)
    })
  })
  const sidecar = await runSidecar(t, url)
  for (const size of [0, 1, 65_535, 65_536, 65_537, 1_048_576, 9_000_000]) {
    const body = randomBytes(size)
    const response = await fetch(sidecar.api + PATH, { method: 'POST', body })
    const back = Buffer.from(await response.arrayBuffer())
    t.equal(sha(back), sha(body), `${size} bytes`)
    t.equal(response.headers.get('x-framing'), String(size))
  }
  const records = await historyOf(sidecar.history, 'k1')
  t.equal(records.length, 7)
  t.ok(records.every(({ outcome }) => outcome === 'success'))
})

t.test('a slow reader stops the upstream, not the memory', async (t) => {
  let written = 0
  const url = await httpUpstream(t, (request, response) => {
    request.resume()
    const chunk = Buffer.alloc(65_536)
    const more = (): void => {
      while (written < 400_000_000) {
        written += chunk.length
        if (!response.write(chunk)) {
          response.once('drain', more)
          return
        }
      }
      response.end()
    }
    more()
  })
  const sidecar = await runSidecar(t, url)
  await new Promise<void>((done, fail) => {
    const client = request(sidecar.api + PATH, { method: 'POST' }, (response) => {
      response.pause()
      // Once the upstream makes no progress for a while, back-pressure has reached it.
      let seen = -1
      const look = setInterval(() => {
        if (seen !== written) {
          seen = written
          return
        }
        clearInterval(look)
        client.destroy()
        done()
      }, 200)
    })
    client.on('error', fail)
    client.end()
  })
  t.ok(written < 100_000_000, `${written} bytes were taken from the upstream`)
})

t.test('chunks, trailers, and answers without a body', async (t) => {
  const answers: Record<string, string> = {
    HEAD: 'HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n',
    DELETE: 'HTTP/1.1 204 No Content\r\nX-A: 1\r\n\r\n',
    GET: 'HTTP/1.1 304 Not Modified\r\nETag: "x"\r\n\r\n',
    POST: 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n3\r\nfoo\r\n3\r\nbar\r\n0\r\nX-Sum: 42\r\n\r\n',
  }
  const upstream = await rawUpstream(t, (connection) => {
    const { received, socket } = connection
    const method = received.slice(0, received.indexOf(' '))
    if (!received.endsWith(method === 'POST' ? 'abcdef' : '\r\n\r\n')) return
    connection.received = ''
    socket.write(answers[method] ?? '')
  })
  const sidecar = await runSidecar(t, upstream.url)
  const chunked = await sendRaw(
    sidecar.api,
    `POST ${PATH} HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n3\r\nabc\r\n3\r\ndef\r\n0\r\n\r\n`,
  )
  t.match(chunked, /\r\nTrailer: X-Sum\r\n/)
  t.match(chunked, /foo/)
  t.match(chunked, /X-Sum: 42\r\n\r\n$/)
  const head = await sendRaw(sidecar.api, `HEAD ${PATH} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`)
  t.match(head, /^HTTP\/1\.1 200 OK\r\nContent-Length: 7\r\n[\s\S]*\r\n\r\n$/)
  const none = await sendRaw(
    sidecar.api,
    `DELETE /kms/v1/keys/k2 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`,
  )
  t.match(none, /^HTTP\/1\.1 204 No Content\r\nX-A: 1\r\n[\s\S]*\r\n\r\n$/)
  const unmodified = await sendRaw(
    sidecar.api,
    `GET /kms/v1/keys/k3 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`,
  )
  t.match(unmodified, /^HTTP\/1\.1 304 Not Modified\r\nETag: "x"\r\n/)
})

t.test('Expect: 100-continue is answered once the request may go on', async (t) => {
  const url = await httpUpstream(t, (request, response) => {
    t.equal(request.headers.expect, undefined)
    request.on('data', () => undefined)
    request.on('end', () => response.end('{}'))
  })
  const sidecar = await runSidecar(t, url, { acl: [{ keys: 'closed', allow: [], deny: ['127.0.0.0/8'] }] })
  const ask = (key: string): Promise<string> =>
    new Promise((done, fail) => {
      const seen: string[] = []
      const client = request(`${sidecar.api}/kms/v1/keys/${key}/encrypt`, {
        method: 'POST',
        headers: { expect: '100-continue', 'content-length': 4 },
      })
      client.on('continue', () => {
        seen.push('continue')
        client.end('body')
      })
      client.on('response', (response) => {
        response.resume()
        done([...seen, response.statusCode].join(' '))
        client.destroy()
      })
      client.on('error', fail)
      client.flushHeaders()
    })
  t.equal(await ask('open'), 'continue 200')
  t.equal(await ask('closed'), '403')
})
