import t from 'tap'
import { openConnection } from '../helper/raw-connection.ts'
import { until } from '../helper/until.ts'
import { listen, next, turns } from './running-listener.ts'

const GET = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n'

t.test('close lets what runs finish, and takes nothing new', async (t) => {
  const running = await listen(t)
  const idle = await openConnection(t, running.url)
  idle.write(GET)
  const first = await next(running)
  first.response.end('idle')
  await idle.receives(/idle/)
  const busy = await openConnection(t, running.url)
  busy.write(GET)
  const { response } = await next(running)
  const began = performance.now()
  const closed = running.listener.close(20_000)
  await idle.ended()
  await t.rejects(openConnection(t, running.url), { code: 'ECONNREFUSED' })
  response.end('finished')
  t.match(await busy.ended(), /finished/)
  await closed
  t.ok(performance.now() - began < 10_000, 'without waiting for its time to run out')
  await running.listener.close(0)
})

t.test('close does not cut off an answer that is being sent', async (t) => {
  const running = await listen(t)
  const client = await openConnection(t, running.url)
  client.socket.pause()
  client.write(GET)
  const { response } = await next(running)
  response.end('x'.repeat(8_000_000))
  const closed = running.listener.close(20_000)
  await turns()
  client.socket.resume()
  t.equal((await client.ended()).match(/x/g)?.length, 8_000_000)
  await closed
})

t.test('close cuts off what does not finish in time', async (t) => {
  const running = await listen(t)
  const busy = await openConnection(t, running.url)
  busy.write(GET)
  await next(running)
  await running.listener.close(50)
  t.equal(await busy.ended(), '')
})

t.test('a client that always has a request more does not hold up close', async (t) => {
  const running = await listen(t)
  const client = await openConnection(t, running.url)
  client.write(GET)
  const first = await next(running)
  const closed = running.listener.close(20_000)
  client.write(GET)
  first.response.end('first')
  const began = performance.now()
  await until(() => {
    running.arrived.shift()?.response.end('more')
    if (!client.socket.closed) client.write(GET)
    return client.socket.closed ? true : null
  })
  await closed
  t.ok(performance.now() - began < 10_000)
})
