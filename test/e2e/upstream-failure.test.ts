import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import t from 'tap'
import { closedPort, httpUpstream } from '../helper/http-upstream.ts'
import { sendRaw } from '../helper/raw-client.ts'
import { rawUpstream } from '../helper/raw-upstream.ts'
import { historyOf, runSidecar } from '../helper/running-sidecar.ts'
import { until } from '../helper/until.ts'

const REQUEST =
  'POST /kms/v1/keys/k1/encrypt HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}'
const TIMEOUTS = { connect: '300ms', response: '300ms' }

t.test('an upstream that refuses connections: 502, a failure, and /readyz says why', async (t) => {
  const url = await closedPort()
  const sidecar = await runSidecar(t, url)
  const answer = await sendRaw(sidecar.api, REQUEST)
  t.match(answer, /^HTTP\/1\.1 502 /)
  t.match(answer, /\{"error":\{"errorCode":"500"/)
  const [record] = await historyOf(sidecar.history, null)
  t.match(record, {
    action: 'encrypt',
    key: 'k1',
    outcome: 'failure',
    status: 502,
    reason: 'upstream-unreachable',
  })
  const ready = await fetch(`${sidecar.history}/readyz`)
  t.equal(ready.status, 503)
  t.match(await ready.json(), { ready: false, reasons: [/ECONNREFUSED/] })
})

const broken: Record<string, { answer: (socket: Socket) => void; status: number; reason: string }> = {
  'reset once the request is there': {
    answer: (socket) => socket.resetAndDestroy(),
    status: 502,
    reason: 'upstream-broke-off',
  },
  'no answer': { answer: () => undefined, status: 504, reason: 'upstream-timeout' },
  'half a head': {
    answer: (socket) => socket.end('HTTP/1.1 200 O'),
    status: 502,
    reason: 'upstream-broke-off',
  },
  'a head, then silence': {
    answer: (socket) => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{'),
    status: 504,
    reason: 'upstream-timeout',
  },
  'a body cut short': {
    answer: (socket) => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{'),
    status: 502,
    reason: 'upstream-broke-off',
  },
  'no HTTP at all': {
    answer: (socket) => socket.end('+PONG\r\n'),
    status: 502,
    reason: 'upstream-broke-off',
  },
}

t.test('an upstream that breaks off: nobody knows what it executed', async (t) => {
  let answer: (socket: Socket) => void = () => undefined
  const upstream = await rawUpstream(t, ({ received, socket }) => {
    if (received.endsWith('{}')) answer(socket)
  })
  const sidecar = await runSidecar(t, upstream.url, { upstream: { url: upstream.url, timeouts: TIMEOUTS } })
  let sent = 0
  for (const [name, expected] of Object.entries(broken)) {
    answer = expected.answer
    const { status, reason } = expected
    t.match(await sendRaw(sidecar.api, REQUEST), new RegExp(`^HTTP/1.1 ${status} `), name)
    t.equal(upstream.connections.length, ++sent, `${name}: the request was not repeated`)
    const records = await historyOf(sidecar.history, null)
    t.equal(records.length, sent, `${name}: one record`)
    t.match(records[0], { outcome: 'unknown', status, reason, key: 'k1' }, name)
  }
})

t.test('a client that goes away does not stop what it began', async (t) => {
  const { promise: asked, resolve: ask } = withResolvers()
  const { promise: allowed, resolve: allow } = withResolvers()
  const url = await httpUpstream(t, (request, response) => {
    request.resume()
    request.on('end', async () => {
      ask()
      await allowed
      response.end('{"code":"SUCCESS"}')
    })
  })
  const sidecar = await runSidecar(t, url)
  const socket = connect(Number(new URL(sidecar.api).port), '127.0.0.1')
  await once(socket, 'connect')
  socket.write(REQUEST)
  await asked
  socket.resetAndDestroy()
  await once(socket, 'close')
  allow()
  const record = await until(async () => (await historyOf(sidecar.history, 'k1'))[0] ?? null)
  t.match(record, { outcome: 'success', status: 200 })
})

t.test('a client that goes away before its request is whole has executed nothing', async (t) => {
  let asked = 0
  const url = await httpUpstream(t, (_, response) => {
    asked++
    response.end()
  })
  const sidecar = await runSidecar(t, url)
  const socket = connect(Number(new URL(sidecar.api).port), '127.0.0.1')
  await once(socket, 'connect')
  socket.end('POST /kms/v1/keys/k1/encrypt HTTP/1.1\r\nHost: a\r\nContent-Length: 20\r\n\r\n{')
  const record = await until(async () => (await historyOf(sidecar.history, null))[0] ?? null)
  t.match(record, { key: 'k1', outcome: 'failure', reason: 'client-gone' })
  t.equal(asked, 0)
})

function withResolvers(): { promise: Promise<void>; resolve: () => void } {
  let resolve: () => void = () => undefined
  const promise = new Promise<void>((done) => {
    resolve = done
  })
  return { promise, resolve }
}
