import { once } from 'node:events'
import { createServer } from 'node:net'
import t from 'tap'
import { probeUpstream } from '../../src/proxy/upstream-probe.ts'
import { closedPort, httpUpstream } from '../helper/http-upstream.ts'

t.test('somebody listens', async (t) => {
  const url = await httpUpstream(t, () => t.fail('nothing is asked'))
  t.equal(await probeUpstream(url), null)
  t.equal(await probeUpstream(url.replace('127.0.0.1', 'localhost')), null)
})

t.test('on IPv6 too', async (t) => {
  const server = createServer().listen(0, '::1')
  try {
    await once(server, 'listening')
  } catch {
    t.pass('this machine has no IPv6')
    return
  }
  t.teardown(() => server.close())
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  t.equal(await probeUpstream(`http://[::1]:${address.port}`), null)
})

t.test('nobody does', async (t) => {
  const url = await closedPort()
  t.match(await probeUpstream(url), new RegExp(`^upstream ${url}: .*ECONNREFUSED`))
  t.match(await probeUpstream('https://no-such-host.invalid'), /^upstream https:\/\/no-such-host\.invalid: /)
})
