import { createServer } from 'node:net'
import t from 'tap'
import { choosePorts } from '../../src/demo/ports.ts'

t.test('takes the ports it is told', async (t) => {
  t.same(await choosePorts(0), { api: 0, console: 0, history: 0 })
  t.same(await choosePorts(9000), { api: 9000, console: 9001, history: 9002 })
})

t.test('without being told, takes the default ones unless they are in use', async (t) => {
  const server = createServer()
  // Where somebody else has it already, it is in use just the same.
  await new Promise<void>((done) => server.once('error', () => done()).listen(8301, '127.0.0.1', done))
  t.teardown(() => server.close())
  const ports = await choosePorts(undefined)
  t.equal(ports.console, 0)
  t.ok([0, 8300].includes(ports.api))
  t.ok([0, 8400].includes(ports.history))
})
