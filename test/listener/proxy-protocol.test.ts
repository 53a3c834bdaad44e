import { isIP } from 'node:net'
import fc from 'fast-check'
import t from 'tap'
import { normalizeAddress } from '../../src/listener/ip-set.ts'
import { readProxyHeader } from '../../src/listener/proxy-protocol.ts'
import { proxyHeaderV2 } from '../helper/proxy-header.ts'

const latin1 = (text: string): Buffer => Buffer.from(text, 'latin1')

t.test('version 1', async (t) => {
  const headers: Record<string, string> = {
    'PROXY TCP4 192.0.2.1 192.0.2.2 56324 443\r\n': '192.0.2.1',
    'PROXY TCP4 0.0.0.0 255.255.255.255 0 65535\r\n': '0.0.0.0',
    'PROXY TCP6 2001:db8:0::1 ::1 1 2\r\n': '2001:db8::1',
    'PROXY TCP6 ::ffff:192.0.2.1 ::1 1 2\r\n': '192.0.2.1',
    'PROXY UNKNOWN\r\n': '',
    'PROXY UNKNOWN 192.0.2.1 anything at all\r\n': '',
    'PROXY TCP6 ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535 65535\r\n':
      'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff',
  }
  for (const [text, address] of Object.entries(headers)) {
    t.strictSame(readProxyHeader(latin1(text)), { kind: 'header', length: text.length, address }, text)
    t.match(readProxyHeader(latin1(`${text}GET`)), { length: text.length }, 'what follows is not looked at')
    for (let length = 0; length < text.length; length++) {
      t.equal(readProxyHeader(latin1(text.slice(0, length))).kind, 'more')
    }
  }
})

t.test('version 1 that is not well formed', async (t) => {
  for (const text of [
    'GET / HTTP/1.1\r\n',
    'PROXY\r\n',
    'proxy TCP4 192.0.2.1 192.0.2.2 1 2\r\n',
    'PROXY TCP4 192.0.2.1 192.0.2.2 1\r\n',
    'PROXY TCP4 192.0.2.1 192.0.2.2 1 2 3\r\n',
    'PROXY TCP4  192.0.2.1 192.0.2.2 1 2\r\n',
    'PROXY TCP4 192.0.2.1 192.0.2.2 1 2 \r\n',
    'PROXY TCP4 192.0.2.1 192.0.2.2 01 2\r\n',
    'PROXY TCP4 192.0.2.1 192.0.2.2 1 65536\r\n',
    'PROXY TCP4 192.0.2.1 192.0.2.2 1 -2\r\n',
    'PROXY TCP4 192.0.2.1 192.0.2.2 1 2\n\r\n',
    'PROXY TCP4 192.0.2.01 192.0.2.2 1 2\r\n',
    'PROXY TCP4 192.0.2.1 nonsense 1 2\r\n',
    'PROXY TCP4 ::1 ::1 1 2\r\n',
    'PROXY TCP6 192.0.2.1 192.0.2.2 1 2\r\n',
    'PROXY TCP6 fe80::1%eth0 ::1 1 2\r\n',
    'PROXY TCP5 192.0.2.1 192.0.2.2 1 2\r\n',
    'PROXY UDP4 192.0.2.1 192.0.2.2 1 2\r\n',
    `PROXY UNKNOWN ${'x'.repeat(100)}\r\n`,
  ]) {
    t.equal(readProxyHeader(latin1(text)).kind, 'refused', text)
  }
  t.equal(readProxyHeader(latin1(`PROXY ${'x'.repeat(101)}`)).kind, 'refused', '107 bytes without an end')
})

t.test('version 2', async (t) => {
  const four = [192, 0, 2, 1, 192, 0, 2, 2, 1, 2, 3, 4]
  const six = [...Buffer.from('20010db8000000000000000000000001'.padEnd(72, '0'), 'hex')]
  const cases: [string, Buffer, string][] = [
    ['TCP over IPv4', proxyHeaderV2(0x21, 0x11, four), '192.0.2.1'],
    ['with TLVs', proxyHeaderV2(0x21, 0x11, [...four, 0x04, 0, 3, 1, 2, 3]), '192.0.2.1'],
    ['TCP over IPv6', proxyHeaderV2(0x21, 0x21, six), '2001:db8::1'],
    ['a mapped address', proxyHeaderV2(0x21, 0x21, mapped()), '192.0.2.1'],
    ['a Unix socket', proxyHeaderV2(0x21, 0x31, Array(216).fill(1)), ''],
    ['UNSPEC', proxyHeaderV2(0x21, 0x00, []), ''],
    ['UNSPEC with something', proxyHeaderV2(0x21, 0x00, [1, 2, 3]), ''],
    ['LOCAL', proxyHeaderV2(0x20, 0x00, []), ''],
    ['LOCAL with addresses', proxyHeaderV2(0x20, 0x11, four), ''],
    ['LOCAL of what is not known', proxyHeaderV2(0x20, 0x55, [1]), ''],
    ['the longest', proxyHeaderV2(0x21, 0x11, [...four, ...Array(4084).fill(0)]), '192.0.2.1'],
  ]
  for (const [name, header, address] of cases) {
    const whole = Buffer.concat([header, latin1('GET /')])
    t.strictSame(readProxyHeader(whole), { kind: 'header', length: header.length, address }, name)
    for (let length = 0; length < Math.min(header.length, 60); length++) {
      t.equal(readProxyHeader(header.subarray(0, length)).kind, 'more', `${name}, ${length} bytes`)
    }
  }
})

function mapped(): number[] {
  return [...Array(10).fill(0), 255, 255, 192, 0, 2, 1, ...Array(20).fill(0)]
}

t.test('version 2 that is not well formed', async (t) => {
  const four = [192, 0, 2, 1, 192, 0, 2, 2, 1, 2, 3, 4]
  const cases: [string, Buffer][] = [
    ['version 1', proxyHeaderV2(0x11, 0x11, four)],
    ['version 3', proxyHeaderV2(0x31, 0x11, four)],
    ['another command', proxyHeaderV2(0x22, 0x11, four)],
    ['UDP', proxyHeaderV2(0x21, 0x12, four)],
    ['another family', proxyHeaderV2(0x21, 0x41, four)],
    ['too short for IPv4', proxyHeaderV2(0x21, 0x11, four.slice(1))],
    ['too short for IPv6', proxyHeaderV2(0x21, 0x21, four)],
    ['too long', proxyHeaderV2(0x21, 0x11, Array(4097).fill(0))],
    ['another signature', latin1('\r\n\r\n\0\r\nQUIZ\n')],
  ]
  for (const [name, header] of cases) t.equal(readProxyHeader(header).kind, 'refused', name)
})

t.test('property: what a proxy says is read, whatever follows', async () => {
  const address = fc.oneof(fc.ipV4(), fc.ipV6())
  const port = fc.nat(65_535)
  fc.assert(
    fc.property(address, address, port, port, fc.uint8Array(), (source, other, from, to, rest) => {
      const family = isIP(source)
      const destination = isIP(other) === family ? other : source
      const line = latin1(`PROXY TCP${family} ${source} ${destination} ${from} ${to}\r\n`)
      const found = readProxyHeader(Buffer.concat([line, rest]))
      return (
        found.kind === 'header' && found.length === line.length && found.address === normalizeAddress(source)
      )
    }),
  )
})

t.test('property: nothing throws, and no decision changes as more comes', async () => {
  const start = fc.constantFrom(
    ...['', 'PROXY ', 'PROXY TCP4 ', 'PROXY TCP6 ::1 ', 'PROXY UNKNOWN', '\r\n\r\n\0\r\nQUIT\n'],
    ...['\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c', '\r\n\r\n\0\r\nQUIT\n\x20\0\0\x04'],
  )
  const rest = fc.oneof(fc.uint8Array({ maxLength: 300 }), fc.string({ maxLength: 120 }).map(latin1))
  fc.assert(
    fc.property(start, rest, (head, tail) => {
      const bytes = Buffer.concat([latin1(head), tail])
      let decided: ReturnType<typeof readProxyHeader> | null = null
      for (let length = 0; length <= bytes.length; length++) {
        const found = readProxyHeader(bytes.subarray(0, length))
        if (found.kind === 'header' && (found.length > length || found.length > 16 + 4096)) return false
        if (decided !== null && JSON.stringify(found) !== JSON.stringify(decided)) return false
        if (found.kind !== 'more') decided = found
        if (found.kind === 'more' && length >= 16 + 4096) return false
      }
      return true
    }),
    { numRuns: 500 },
  )
})
