import t from 'tap'
import { eventsOf, type StreamEvent } from '../../src/console/api/event-stream.ts'

const TEXT =
  'retry: 1000\nid: 4\n\nid: 5\nevent: record\ndata: {"a":"키: x"}\n\n:\nid: 9\n\nevent: destroyed\ndata: {}\n\nid: 10\nevent: rec'

t.test('events come whole, however the bytes are cut', async (t) => {
  const bytes = new TextEncoder().encode(TEXT)
  for (const size of [1, 2, 7, 1000]) {
    const body = new ReadableStream<Uint8Array>({
      start(controller) {
        for (let at = 0; at < bytes.length; at += size) controller.enqueue(bytes.slice(at, at + size))
        controller.close()
      },
    })
    const events: StreamEvent[] = []
    for await (const event of eventsOf(body)) events.push(event)
    t.strictSame(events, [
      { id: '4', event: 'message', data: '' },
      { id: '5', event: 'record', data: '{"a":"키: x"}' },
      { id: '9', event: 'message', data: '' },
      { id: '9', event: 'destroyed', data: '{}' },
    ])
  }
})
