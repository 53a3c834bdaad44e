import t from 'tap'
import { openConnection } from '../helper/raw-connection.ts'
import { until } from '../helper/until.ts'
import type { Entry } from './fake-recorder.ts'
import { entry, next, POST, SMALL, type Stage, SUCCESS, stage, turns } from './stage.ts'

/** What the client does not wait for, and what is recorded of it. */
const LEAVING: Record<
  string,
  {
    request: string
    hold: Entry['kind'][]
    when: (stage: Stage) => Promise<unknown>
    after?: (stage: Stage) => Promise<unknown>
    record: object
    reached: boolean
  }
> = {
  'before its small body is whole': {
    request: `${POST}Content-Length: 20\r\n\r\n{`,
    hold: [],
    when: ({ recorder }) => entry(recorder, 'begin'),
    record: { outcome: 'failure', status: 0, reason: 'client-gone' },
    reached: false,
  },
  'before its small body is whole and its intent is durable': {
    request: `${POST}Content-Length: 20\r\n\r\n{`,
    hold: ['begin'],
    when: ({ recorder }) => entry(recorder, 'begin'),
    after: async ({ recorder }) => (await entry(recorder, 'finish')) && recorder.entry('begin')?.tell(),
    record: { outcome: 'failure', status: 0, reason: 'client-gone' },
    reached: false,
  },
  'before its large body is whole and its intent is durable': {
    request: `${POST}Content-Length: 200000\r\n\r\n${'{'.repeat(2000)}`,
    hold: ['begin'],
    when: ({ recorder }) => entry(recorder, 'begin'),
    after: async ({ recorder }) => (await entry(recorder, 'finish')) && recorder.entry('begin')?.tell(),
    record: { outcome: 'failure', status: 0, reason: 'client-gone' },
    reached: false,
  },
  'while its whole request waits for its intent': {
    request: SMALL,
    hold: ['begin'],
    when: ({ recorder }) => entry(recorder, 'begin'),
    after: async (stage) => {
      await turns()
      stage.recorder.entry('begin')?.tell()
      const { response } = await next(stage)
      response.end(SUCCESS)
    },
    record: { outcome: 'success', status: 200 },
    reached: true,
  },
  'while its large body goes upstream': {
    request: `${POST}Content-Length: 200000\r\n\r\n${'{'.repeat(2000)}`,
    hold: [],
    when: async (stage) => {
      const { request } = await next(stage)
      stage.asked.push({ request, response: undefined as never })
      return new Promise((done) => request.once('data', done))
    },
    record: { outcome: 'unknown', status: 0, reason: 'client-gone' },
    reached: true,
  },
  'while its record is written': {
    request: SMALL,
    hold: ['finish'],
    when: async (stage) => {
      const { response } = await next(stage)
      response.end(SUCCESS)
      return entry(stage.recorder, 'finish')
    },
    after: async ({ recorder }) => {
      await turns()
      recorder.entry('finish')?.tell()
    },
    record: { outcome: 'success', status: 200 },
    reached: true,
  },
  'while the record of a large answer is written': {
    request: SMALL,
    hold: ['finish'],
    when: async (stage) => {
      const { response } = await next(stage)
      response.end('x'.repeat(3_000_000))
      stage.asked.push({ response, request: undefined as never })
      return entry(stage.recorder, 'finish')
    },
    after: async ({ recorder, asked }) => {
      await turns()
      recorder.entry('finish')?.tell()
      await until(() => (asked[0]?.response.destroyed ? true : null))
    },
    record: { status: 200 },
    reached: true,
  },
  'while a large answer flows': {
    request: SMALL,
    hold: [],
    when: async (stage) => {
      const { response } = await next(stage)
      response.write('x'.repeat(300_000))
      stage.asked.push({ response, request: undefined as never })
      return stage.client.receives(/xxx/)
    },
    after: ({ asked }) => until(() => (asked[0]?.response.destroyed ? true : null)),
    record: { status: 200 },
    reached: true,
  },
  'while it is refused': {
    request: `${POST}Content-Length: 4000001\r\n\r\n`,
    hold: ['finish'],
    when: ({ recorder }) => entry(recorder, 'finish'),
    after: async ({ recorder }) => {
      await turns()
      recorder.entry('finish')?.tell()
    },
    record: { outcome: 'failure', status: 413 },
    reached: false,
  },
}

for (const [name, { request, hold, when, after, record, reached }] of Object.entries(LEAVING)) {
  t.test(`a client that goes away ${name}`, async (t) => {
    const proxy = await stage(t)
    const { recorder, client } = proxy
    for (const kind of hold) recorder.held.add(kind)
    const arrived = proxy.asked
    client.write(request)
    await when(proxy)
    client.socket.resetAndDestroy()
    await after?.(proxy)
    await until(() => (recorder.records.length === 1 ? true : null))
    await turns()
    t.match(recorder.records, [{ key: 'k', action: 'sign', ...record }])
    t.equal(recorder.records.length, 1, 'one record')
    if (!reached) t.equal(arrived.length, 0)
    const other = await openConnection(t, proxy.url)
    recorder.held.clear()
    other.write(SMALL)
    const { response } = await until(
      () => arrived.find((one) => one.response && !one.response.destroyed) ?? null,
    )
    response.end(SUCCESS)
    await other.receives(/SUCCESS/)
  })
}
