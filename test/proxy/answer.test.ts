import t from 'tap'
import { Answer, type AnswerSink } from '../../src/proxy/answer.ts'

const HEADERS = ['X-A', '1', 'Connection', 'close, X-Hop', 'X-Hop', '1'].map((text) => Buffer.from(text))

/** An answer of which the first `limit` bytes are held, and everything that happens to it. */
function answer(limit = 4) {
  const events: string[] = []
  const held = new Answer(
    {
      onForwarded: () => events.push('forwarded'),
      onTunnel: () => undefined,
      onInterim: ({ status, headers }) => events.push(`interim ${status} ${headers.join()}`),
      onAnswered: () => events.push('answered'),
      onUnanswered: ({ kind }) => events.push(`unanswered ${kind}`),
    },
    limit,
  )
  held.onSent(() => events.push('abort'))
  const head = (status = 200): boolean => held.onHead(status, HEADERS, 'Fine', () => events.push('resume'))
  const body = (text: string): boolean => held.onBody(Buffer.from(text))
  const sink: AnswerSink & { ready: boolean } = {
    ready: true,
    write(chunk) {
      events.push(`write ${chunk}`)
      return sink.ready
    },
    end: (trailers) => events.push(`end ${trailers.join()}`),
    broken: () => events.push('broken'),
  }
  return { held, events, head, body, sink }
}

t.test('an answer that fits is held until it is whole', (t) => {
  const { held, events, head, body } = answer()
  t.ok(head())
  t.ok(body('ab'))
  t.equal(held.body, null)
  t.ok(body('cd'), 'as much as may be held')
  t.strictSame(events, ['forwarded'])
  held.onEnd([])
  t.strictSame(events, ['forwarded', 'answered'])
  t.match(held, { status: 200, statusText: 'Fine', headers: ['X-A', '1'], whole: true })
  t.equal(String(held.body), 'abcd')
  t.end()
})

t.test('an answer without a body', (t) => {
  const { held, events, head } = answer()
  head(204)
  held.onEnd([])
  t.strictSame(events, ['forwarded', 'answered'])
  t.strictSame([held.status, held.body?.length], [204, 0])
  t.end()
})

t.test('interim answers are no answer', (t) => {
  const { held, events, head } = answer()
  t.ok(head(103))
  t.strictSame(events.pop(), 'interim 103 X-A,1')
  t.equal(held.status, 0)
  t.ok(head(200))
  t.equal(held.status, 200)
  t.strictSame(events, ['forwarded'])
  t.end()
})

t.test('one that is too large is told early, waits, and flows with back-pressure', (t) => {
  const { held, events, head, body, sink } = answer()
  head()
  t.ok(body('abcd'))
  t.notOk(body('e'), 'paused until its record is durable')
  t.strictSame(events.splice(0), ['forwarded', 'answered'])
  t.equal(held.body, null, 'its body can not be looked at')
  held.flow(sink)
  t.strictSame(events.splice(0), ['write abcd', 'write e', 'resume'])
  t.ok(body('fg'))
  sink.ready = false
  t.notOk(body('hi'), 'the client reads slowly')
  held.resume()
  held.onEnd([])
  t.strictSame(events, ['write fg', 'write hi', 'resume', 'end '])
  t.end()
})

t.test('a client that is slow from the start keeps the upstream waiting', (t) => {
  const { held, events, head, body, sink } = answer()
  head()
  body('abcde')
  sink.ready = false
  held.flow(sink)
  t.strictSame(events, ['forwarded', 'answered', 'write abcde'])
  t.end()
})

t.test('an answer that flows before onBody returns obeys the client too', (t) => {
  const { sink } = answer()
  sink.ready = false
  const flowing: Answer = new Answer(
    {
      onForwarded: () => undefined,
      onTunnel: () => undefined,
      onInterim: () => undefined,
      onAnswered: () => flowing.flow(sink),
      onUnanswered: () => undefined,
    },
    1,
  )
  flowing.onHead(200, [], '', () => undefined)
  t.notOk(flowing.onBody(Buffer.from('abc')), 'nothing more is taken than the client takes')
  t.end()
})

t.test('what breaks off', (t) => {
  const early = answer()
  early.held.onFailure({ kind: 'broken', message: '' })
  t.strictSame(early.events, ['forwarded', 'unanswered broken'])

  const half = answer()
  half.head()
  half.body('ab')
  half.held.onFailure({ kind: 'timeout', message: '' })
  t.strictSame(half.events, ['forwarded', 'unanswered timeout'], 'half of it tells nothing')

  const waiting = answer()
  waiting.head()
  waiting.body('abcde')
  waiting.held.onFailure({ kind: 'broken', message: '' })
  t.strictSame(waiting.events, ['forwarded', 'answered'], 'told already')
  waiting.held.flow(waiting.sink)
  t.strictSame(waiting.events.slice(2), ['write abcde', 'broken'], 'the client learns that it is not whole')

  const flowing = answer()
  flowing.head()
  flowing.body('abcde')
  flowing.held.flow(flowing.sink)
  flowing.held.onFailure({ kind: 'broken', message: '' })
  t.strictSame(flowing.events.slice(2), ['write abcde', 'resume', 'broken'])
  t.end()
})

t.test('giving up', (t) => {
  const { held, events } = answer()
  held.abort()
  t.strictSame(events, ['forwarded', 'abort'])
  const unsent = new Answer(
    {
      onForwarded: () => undefined,
      onTunnel: () => undefined,
      onInterim: () => undefined,
      onAnswered: () => undefined,
      onUnanswered: () => undefined,
    },
    1,
  )
  t.doesNotThrow(() => unsent.abort())
  t.end()
})

t.test('status text and trailers are bytes, whatever was meant by them', (t) => {
  const { held, sink, events, head, body } = answer()
  const korean = Buffer.from('성공')
  held.onHead(200, [], korean.toString(), () => undefined)
  t.equal(held.statusText, korean.toString('latin1'))
  held.onHead(200, [], 'Tr\ufffds bien', () => undefined)
  t.equal(held.statusText, '', 'better none than another one')
  head()
  t.equal(held.statusText, 'Fine')
  body('abcde')
  held.flow(sink)
  events.length = 0
  held.onEnd([Buffer.from('X-Sum'), korean, Buffer.from('Connection'), Buffer.from('close')])
  t.strictSame(events, [`end X-Sum,${korean.toString('latin1')}`], 'hop-by-hop ones aside')
  t.end()
})

t.test('an answer whose end can not be told is none', (t) => {
  for (const headers of [
    ['Transfer-Encoding', 'gzip, chunked'],
    ['Content-Length', '1', 'Content-Length', '2'],
  ]) {
    const { held, events } = answer()
    held.onHead(
      200,
      headers.map((text) => Buffer.from(text)),
      '',
      () => undefined,
    )
    t.strictSame(events, ['forwarded', 'unanswered broken', 'abort'])
  }
  t.end()
})
