import fc from 'fast-check'
import t from 'tap'
import { type ClientAddress, createClientAddress, socketAddress } from '../../src/listener/client-address.ts'

const PROXY = '10.0.0.1'
const PEER = socketAddress(PROXY)
const trustedProxies = ['10.0.0.0/8', 'fd00::/8']
const readFrom = createClientAddress({ trustedProxies })
const read = (peer: string, rawHeaders: readonly string[]): ClientAddress =>
  readFrom(socketAddress(peer), rawHeaders)

const forwardedFor = (...lines: string[]) => lines.flatMap((line) => ['X-Forwarded-For', line])

t.test('without trusted proxies the header is not looked at', async (t) => {
  const trustNobody = createClientAddress({ trustedProxies: [] })
  const untouched = new Proxy([] as string[], {
    get: () => {
      throw new Error('looked at')
    },
  })
  const peer = socketAddress(PROXY)
  t.equal(trustNobody(peer, untouched), peer)
})

t.test('the socket’s peer in canonical text', async (t) => {
  t.strictSame(socketAddress(PROXY), { address: PROXY, source: 'socket' })
  t.strictSame(socketAddress('::ffff:10.0.0.1'), { address: PROXY, source: 'socket' })
  t.strictSame(socketAddress(undefined), { address: '', source: 'socket' })
})

t.test('behind a PROXY header the same trust holds', async (t) => {
  const named = (address: string): ClientAddress => ({ address, source: 'proxy-protocol' })
  t.strictSame(readFrom(named('203.0.113.5'), forwardedFor('192.0.2.66')), named('203.0.113.5'))
  t.strictSame(readFrom(named(PROXY), forwardedFor('192.0.2.66')), {
    address: '192.0.2.66',
    source: 'forwarded',
  })
})

t.test('an untrusted peer is believed nothing', async (t) => {
  const headers = [...forwardedFor('192.0.2.66'), 'Forwarded', 'for=192.0.2.66']
  t.strictSame(read('203.0.113.9', headers), { address: '203.0.113.9', source: 'socket' })
  t.strictSame(read('', headers), { address: '', source: 'socket' })
})

t.test('X-Forwarded-For is read from the right', async (t) => {
  const chains: [string[], string][] = [
    [['203.0.113.9'], '203.0.113.9'],
    [['192.0.2.66, 203.0.113.9'], '203.0.113.9'],
    [['192.0.2.66, 203.0.113.9, 10.0.0.2'], '203.0.113.9'],
    [['192.0.2.66', '203.0.113.9', '10.0.0.2,10.0.0.3'], '203.0.113.9'],
    [['203.0.113.9', '10.0.0.2'], '203.0.113.9'],
    [['203.0.113.9:4711 , [fd00::1]:80'], '203.0.113.9'],
    [['2001:db8::5, ::ffff:10.0.0.7'], '2001:db8::5'],
    [['10.0.0.9,10.0.0.8'], '10.0.0.9'],
    [['203.0.113.9, garbage, 10.0.0.2'], '10.0.0.2'],
    [['203.0.113.9, , 10.0.0.2'], '10.0.0.2'],
    [['203.0.113.9', '', '10.0.0.2'], '10.0.0.2'],
    [['203.0.113.9, garbage'], PROXY],
    [['garbage, 203.0.113.9'], '203.0.113.9'],
    [['203.0.113.9,'], PROXY],
    [[','], PROXY],
    [[''], PROXY],
  ]
  for (const [lines, expected] of chains) {
    const source = expected === PROXY ? 'socket' : 'forwarded'
    t.strictSame(read(PROXY, forwardedFor(...lines)), { address: expected, source }, JSON.stringify(lines))
  }
})

t.test('the name is read whatever its case, other headers are not', async (t) => {
  t.equal(read('::ffff:10.0.0.1', ['x-FORWARDED-for', '203.0.113.9']).address, '203.0.113.9')
  t.equal(read(PROXY, ['X-Real-IP', '203.0.113.9', 'Host', 'x-forwarded-for']).source, 'socket')
})

t.test('Forwarded is read from the right', async (t) => {
  const chains: [string[], string][] = [
    [['for=203.0.113.9'], '203.0.113.9'],
    [['for=192.0.2.66, for=203.0.113.9;proto=https, for="[fd00::1]:80"'], '203.0.113.9'],
    [['for=192.0.2.66, for=203.0.113.9', 'for=10.0.0.2'], '203.0.113.9'],
    [['for=203.0.113.9, for=unknown, for=10.0.0.2'], '10.0.0.2'],
    [['for=203.0.113.9, for=_hidden'], PROXY],
    [['for="192.0.2.66, for=203.0.113.9'], '203.0.113.9'],
    [['for=10.0.0.9;x="a, for=192.0.2.66"'], PROXY],
    [['nonsense'], PROXY],
  ]
  for (const [lines, expected] of chains) {
    const headers = lines.flatMap((line) => ['Forwarded', line])
    t.equal(read(PROXY, headers).address, expected, JSON.stringify(lines))
  }
})

t.test('with both headers, the one the proxy writes counts', async (t) => {
  const headers = ['Forwarded', 'for=192.0.2.1', 'X-Forwarded-For', '192.0.2.2']
  const named = (forwardedHeader: 'x-forwarded-for' | 'forwarded') =>
    createClientAddress({ trustedProxies, forwardedHeader })
  t.equal(read(PROXY, headers).address, '192.0.2.2', 'either: X-Forwarded-For')
  t.equal(named('x-forwarded-for')(PEER, headers).address, '192.0.2.2')
  t.equal(named('forwarded')(PEER, headers).address, '192.0.2.1')
  t.equal(named('x-forwarded-for')(PEER, headers.slice(0, 2)).source, 'socket')
  t.equal(named('forwarded')(PEER, headers.slice(2)).source, 'socket')
  const unusable = ['Forwarded', 'for=192.0.2.1', 'X-Forwarded-For', 'garbage']
  t.equal(read(PROXY, unusable).source, 'socket', 'an unusable X-Forwarded-For does not open the other one')
})

t.test('a chain has an end', async (t) => {
  const chain = Array.from({ length: 40 }, (_, index) => `10.0.1.${index}`)
  t.equal(
    read(PROXY, forwardedFor(`203.0.113.9,${chain.join()}`)).address,
    '10.0.1.8',
    'the 32nd hop from the right',
  )
  t.equal(read(PROXY, forwardedFor('203.0.113.9', ...chain)).address, '10.0.1.8')
})

t.test('property: never an address to the left of an untrusted hop', async () => {
  const hop = fc.oneof(
    fc.nat(255).map((byte) => `10.0.0.${byte}`),
    fc.ipV4(),
    fc.ipV6(),
    fc.constantFrom('', 'unknown', '_x', '"', 'for=1.2.3.4'),
  )
  const lines = fc.array(fc.array(hop, { minLength: 1, maxLength: 4 }), { maxLength: 4 })
  fc.assert(
    fc.property(lines, fc.ipV4(), (chains, attacker) => {
      // what the client sent, then the true client as the trusted proxy saw it
      const honest = '203.0.113.9, 10.0.0.2'
      const sent = chains.map((chain) => chain.join(', '))
      for (const headers of [
        forwardedFor(...sent, honest),
        forwardedFor(`${attacker}, ${sent.join()}, ${honest}`),
      ]) {
        if (read(PROXY, headers).address !== '203.0.113.9') return false
      }
      return true
    }),
    { numRuns: 1000 },
  )
  const honest = 'for=203.0.113.9;host="h"'
  fc.assert(
    fc.property(fc.array(fc.string({ unit: 'binary' }), { maxLength: 4 }), (sent) => {
      const headers = ['Forwarded', `${sent.join()}, ${honest}`]
      return read(PROXY, headers).address === '203.0.113.9'
    }),
    { numRuns: 1000 },
  )
})

t.test('property: no header throws', async () => {
  const text = fc.string({ unit: 'binary' })
  const name = fc.oneof(text, fc.constantFrom('x-forwarded-for', 'Forwarded'))
  fc.assert(
    fc.property(text, fc.array(fc.oneof(name, text)), (peer, headers) => {
      const found = [read(peer, headers), read(PROXY, headers)]
      return found.every(({ address }) => typeof address === 'string')
    }),
  )
})
