import fc from 'fast-check'
import t from 'tap'
import { readForwardedForHop, readForwardedHop } from '../../src/listener/forwarded.ts'

t.test('elements of X-Forwarded-For', async (t) => {
  const elements: [string, string | null][] = [
    ['192.0.2.1', '192.0.2.1'],
    [' \t192.0.2.1\t ', '192.0.2.1'],
    ['192.0.2.1:65535', '192.0.2.1'],
    ['2001:DB8::1', '2001:db8::1'],
    ['[2001:db8::1]', '2001:db8::1'],
    ['[2001:db8::1]:443', '2001:db8::1'],
    ['fe80::1%eth0', 'fe80::1'],
    ['[fe80::1%eth0]:1', 'fe80::1'],
    ['::ffff:192.0.2.1', '192.0.2.1'],
    ['[::ffff:192.0.2.1]:80', '192.0.2.1'],
    ['', null],
    ['unknown', null],
    ['unix:', null],
    ['192.0.2.1:', null],
    ['192.0.2.1:x', null],
    ['192.0.2.1:123456', null],
    ['192.0.2.1 192.0.2.2', null],
    ['\u00a0192.0.2.1', null],
    ['"192.0.2.1"', null],
    ['[192.0.2.1]', null],
    ['[2001:db8::1', null],
    ['[2001:db8::1]x', null],
    ['[2001:db8::1]:', null],
    ['2001:db8::1]', null],
  ]
  for (const [element, expected] of elements)
    t.equal(readForwardedForHop(element), expected, JSON.stringify(element))
})

t.test('elements of Forwarded (RFC 7239)', async (t) => {
  const elements: [string, string | null][] = [
    ['for=192.0.2.1', '192.0.2.1'],
    ['For="[2001:db8:cafe::17]:4711"', '2001:db8:cafe::17'],
    ['for=192.0.2.60;proto=http;by=203.0.113.43', '192.0.2.60'],
    [' proto=https ; FOR="192.0.2.60:80" ; host="a;b" ', '192.0.2.60'],
    ['host="a\\"; for=192.0.2.9";for=192.0.2.1', '192.0.2.1'],
    ['for="192.0.2.1:_port"', '192.0.2.1'],
    ['for=192.0.2.1;', '192.0.2.1'],
    ['for="2001:db8::1"', '2001:db8::1'],
    ['for=[2001:db8::1]:80', '2001:db8::1'],
    ['for=unknown', null],
    ['for="_gazonk"', null],
    ['for=_mdn', null],
    ['proto=http', null],
    ['', null],
    ['192.0.2.1', null],
    ['for', null],
    ['for=', null],
    ['for = 192.0.2.1', null],
    ['for="192.0.2.1', null],
    ['for="192.0.2.1"x', null],
    ['for=192.0.2.1"', null],
    ['for=192.0.2.1;for=192.0.2.2', null],
    ['for=192.0.2.1;host="a', null],
    ['for=192.0.2.1;host=a"', null],
    ['for=192.0.2.1;host=a b', null],
    ['=x;for=192.0.2.1', null],
    ['for=192.0.2.1\\', null],
    ['host="\\', null],
  ]
  for (const [element, expected] of elements)
    t.equal(readForwardedHop(element), expected, JSON.stringify(element))
})

t.test('property: no element throws, and what comes out is an address', async () => {
  const pieces = fc.constantFrom(
    'for=',
    'FOR=',
    '"',
    '\\',
    ';',
    '=',
    '[',
    ']',
    ':',
    ' ',
    '_',
    '1.2.3.4',
    '::1',
    'host=',
    '%',
    '80',
  )
  const elements = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.array(pieces).map((parts) => parts.join('')),
  )
  const address = /^[0-9a-f.:]{2,39}$/
  fc.assert(
    fc.property(elements, (element) => {
      for (const hop of [readForwardedForHop(element), readForwardedHop(element)]) {
        if (hop !== null && !address.test(hop)) return false
      }
      return true
    }),
    { numRuns: 5000 },
  )
})
