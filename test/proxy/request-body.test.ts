import { IncomingMessage } from 'node:http'
import { Socket } from 'node:net'
import { Readable } from 'node:stream'
import t, { type Test } from 'tap'
import { RequestBody } from '../../src/proxy/request-body.ts'
import { until } from '../helper/until.ts'

const LIMITS = { held: 10, most: 100 }

/** A request whose body the test pushes in, and what is made of it. */
function reading(expected: number) {
  const request = new IncomingMessage(new Socket())
  const events: string[] = []
  const body = new RequestBody(request, LIMITS, {
    onBodyReady: () => events.push('ready'),
    onBodyFailed: (failure) => events.push(failure),
  })
  body.read(expected)
  const next = (): Promise<string> => until(() => events.shift() ?? null)
  const push = (text: string | null): boolean => request.push(text === null ? null : Buffer.from(text))
  return { request, events, body, next, push }
}

async function turns(): Promise<void> {
  for (let i = 0; i < 10; i++) await new Promise((done) => setImmediate(done))
}

/** Takes the stream as undici does. */
function collect(t: Test, stream: unknown): { text: string; ended: boolean } {
  if (!(stream instanceof Readable)) throw new Error('expected a stream')
  const taken = { text: '', ended: false }
  stream.on('data', (chunk: Buffer) => {
    taken.text += chunk
  })
  stream.on('end', () => {
    taken.ended = true
  })
  stream.on('error', (error) => t.fail(error.message))
  return taken
}

t.test('a small body is held whole', async (t) => {
  for (const parts of [[], ['0123456789'], ['0', '123', '456789']]) {
    const { body, next, push } = reading(-1)
    for (const part of parts) push(part)
    push(null)
    t.equal(await next(), 'ready')
    t.equal(String(body.held), parts.join(''))
    t.equal(String(body.forward()), parts.join(''))
  }
})

t.test('one byte more is streamed', async (t) => {
  for (const expected of [-1, 11]) {
    const { body, next, push, events } = reading(expected)
    push('0123456789')
    push('a')
    t.equal(await next(), 'ready')
    t.equal(body.held, null)
    const taken = collect(t, body.forward())
    push('bc')
    await until(() => (taken.text === '0123456789abc' ? true : null))
    t.notOk(taken.ended)
    push(null)
    await until(() => (taken.ended ? true : null))
    t.strictSame(events, [])
  }
})

t.test('one that was whole before it is asked for', async (t) => {
  const { body, next, push, request } = reading(20)
  push('0123456789')
  push('0123456789')
  push(null)
  t.equal(await next(), 'ready')
  await turns()
  t.notOk(request.readableEnded, 'it waits')
  const taken = collect(t, body.forward())
  await until(() => (taken.ended ? true : null))
  t.equal(taken.text, '01234567890123456789')
})

t.test('a reader that is slow makes the client wait', async (t) => {
  const request = new IncomingMessage(new Socket())
  const body = new RequestBody(
    request,
    { held: 10, most: 10_000_000 },
    { onBodyReady: () => undefined, onBodyFailed: () => t.fail('no failure') },
  )
  body.read(5_000_000)
  const stream = body.forward()
  if (!(stream instanceof Readable)) throw new Error('expected a stream')
  let pushed = 0
  while (pushed < 5_000_000 && (request.push(Buffer.alloc(50_000)) || pushed < 200_000)) {
    pushed += 50_000
    await turns()
  }
  t.ok(pushed < 500_000, `${pushed} bytes were taken`)
  let length = 0
  stream.on('data', (chunk: Buffer) => {
    length += chunk.length
  })
  for (; pushed < 5_000_000; pushed += 50_000) request.push(Buffer.alloc(50_000))
  request.push(null)
  await new Promise((done) => stream.on('end', done))
  t.ok(length >= 5_000_000, `${length}`)
})

t.test('too large: told before, while it is held, while it waits, while it is streamed', async (t) => {
  const told = reading(101)
  t.strictSame(told.events, ['body-too-large'])

  const exact = reading(100)
  t.strictSame(exact.events, ['ready'])

  const burst = reading(-1)
  burst.push('x'.repeat(101))
  t.equal(await burst.next(), 'body-too-large')

  const streamed = reading(-1)
  streamed.push('x'.repeat(50))
  t.equal(await streamed.next(), 'ready')
  const stream = streamed.body.forward()
  const taken = collect(t, stream)
  streamed.push('x'.repeat(51))
  t.equal(await streamed.next(), 'body-too-large')
  t.ok(stream instanceof Readable && stream.destroyed, 'the upstream gets no whole request')
  t.notOk(taken.ended)
  streamed.push('more')
  streamed.request.destroy()
  await turns()
  t.strictSame(streamed.events, [], 'told once')
})

/** How a body can break off, and what is told. */
const BREAKS: Record<string, [(request: IncomingMessage) => void, string]> = {
  'the client has gone': [(request) => request.destroy(), 'client-gone'],
  'the connection was reset': [(request) => request.destroy(new Error('aborted')), 'client-gone'],
  'the parser refuses it': [
    (request) => request.emit('malformed', { status: 400, reason: 'malformed' }),
    'malformed',
  ],
  'it comes too slowly': [
    (request) => request.emit('malformed', { status: 408, reason: 'request-timeout' }),
    'request-timeout',
  ],
}

for (const [name, [breakOff, failure]] of Object.entries(BREAKS)) {
  t.test(name, async (t) => {
    const held = reading(20)
    t.equal(await held.next(), 'ready')
    const small = reading(5)
    small.push('012')
    const streamed = reading(-1)
    streamed.push('x'.repeat(50))
    await streamed.next()
    const stream = streamed.body.forward()
    for (const { request, next, events } of [held, small, streamed]) {
      breakOff(request)
      t.equal(await next(), failure)
      await turns()
      t.strictSame(events, [])
    }
    t.ok(stream instanceof Readable && stream.destroyed)
    const whole = reading(5)
    whole.push('01234')
    whole.push(null)
    await whole.next()
    breakOff(whole.request)
    await turns()
    if (failure === 'client-gone') {
      t.strictSame(whole.events, [], 'a whole request is not broken')
      t.equal(String(whole.body.held), '01234')
    }
  })
}

t.test('what is discarded is read and dropped', async (t) => {
  for (const expected of [5, 50]) {
    const { request, events, body, push } = reading(expected)
    push('012')
    await turns()
    events.length = 0
    body.discard()
    for (let i = 0; i < 100; i++) push('x'.repeat(100))
    push(null)
    await until(() => (request.readableEnded ? true : null))
    t.strictSame(events, [])
    t.equal(body.held, null)
  }
})

t.test('a stream that its reader gives up leaves the rest to be discarded', async (t) => {
  const { request, events, body, next, push } = reading(50)
  await next()
  const stream = body.forward()
  if (!(stream instanceof Readable)) throw new Error('expected a stream')
  stream.resume()
  push('x'.repeat(20))
  await turns()
  stream.destroy()
  push('x'.repeat(20))
  await turns()
  body.discard()
  push('x'.repeat(10))
  push(null)
  await until(() => (request.readableEnded ? true : null))
  t.strictSame(events, [])
})
