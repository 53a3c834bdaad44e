import fc from 'fast-check'
import t from 'tap'
import { createIpSet, normalizeAddress, normalizeCidr } from '../../src/listener/ip-set.ts'

t.test('one client has one spelling', async (t) => {
  const spellings: [string, string | null][] = [
    ['10.1.2.3', '10.1.2.3'],
    ['::ffff:10.1.2.3', '10.1.2.3'],
    ['::FFFF:0a01:0203', '10.1.2.3'],
    ['2001:DB8:0:0:0:0:0:1', '2001:db8::1'],
    ['2001:db8::1', '2001:db8::1'],
    ['fe80::1%eth0', 'fe80::1'],
    ['::1', '::1'],
    ['::', '::'],
    ['1:2:3:4:5:6:1.2.3.4', '1:2:3:4:5:6:102:304'],
  ]
  for (const [text, expected] of spellings) t.equal(normalizeAddress(text), expected, text)
})

t.test('what is no address is null', async (t) => {
  const texts = [
    '',
    ' ',
    '1',
    '127.1',
    '0x7f.0.0.1',
    '010.0.0.1',
    '256.0.0.1',
    '1.2.3.4.5',
    '1.2.3.4 ',
    '1.2.3.4:80',
  ]
  texts.push(
    '1.2.3.4%eth0',
    '[::1]',
    'localhost',
    ':::',
    '1::2::3',
    'fe80::1%',
    'fe80::1%a b',
    '::1%'.padEnd(200, 'x'),
  )
  for (const text of texts) t.equal(normalizeAddress(text), null, JSON.stringify(text))
})

t.test('property: any text gives null or a canonical address that stays as it is', async () => {
  const texts = fc.oneof(fc.string(), fc.ipV4(), fc.ipV6(), fc.stringMatching(/^[0-9a-f:.%/[\]]{0,50}$/))
  fc.assert(
    fc.property(texts, (text) => {
      const address = normalizeAddress(text)
      return address === null || normalizeAddress(address) === address
    }),
    { numRuns: 2000 },
  )
})

t.test('property: every address is one, mapped or not', async () => {
  fc.assert(fc.property(fc.ipV6(), (text) => normalizeAddress(text) !== null))
  fc.assert(fc.property(fc.ipV4(), (text) => normalizeAddress(text) === text))
  fc.assert(fc.property(fc.ipV4(), (text) => normalizeAddress(`::ffff:${text}`) === text))
})

t.test('blocks', async (t) => {
  const blocks: [string, string | null][] = [
    ['10.0.0.0/8', '10.0.0.0/8'],
    ['10.1.2.3', '10.1.2.3/32'],
    ['::1', '::1/128'],
    ['2001:DB8::/32', '2001:db8::/32'],
    ['::ffff:10.0.0.0/104', '10.0.0.0/8'],
    ['::ffff:10.1.2.3', '10.1.2.3/32'],
    ['0.0.0.0/0', '0.0.0.0/0'],
    ['10.1.2.3/8', null],
    ['2001:db8::1/64', null],
    ['::ffff:10.0.0.0/40', null],
    ['10.0.0.0/33', null],
    ['::/129', null],
    ['10.0.0.0/', null],
    ['10.0.0.0/08', null],
    ['10.0.0.0/-1', null],
    ['10.0.0.0/8/8', null],
    ['fe80::%eth0/10', null],
    ['all', null],
  ]
  for (const [text, expected] of blocks) t.equal(normalizeCidr(text), expected, text)
})

t.test('a set has what lies in its blocks', async (t) => {
  const set = createIpSet(['10.0.0.0/9', '192.0.2.7', '2001:db8::/33'])
  for (const inside of [
    '10.0.0.0',
    '10.127.255.255',
    '::ffff:10.3.4.5',
    '192.0.2.7',
    '2001:db8::1',
    '2001:db8::1%e',
  ]) {
    t.ok(set.has(inside), inside)
    t.ok(set.has(inside), `${inside} again`)
  }
  for (const outside of [
    '10.128.0.0',
    '192.0.2.8',
    '2001:db8:8000::1',
    '::',
    '',
    'x',
    '10.0.0.0/9',
    'x'.repeat(5000),
  ]) {
    t.notOk(set.has(outside), outside)
    t.notOk(set.has(outside), `${outside} again`)
  }
  t.notOk(createIpSet([]).has('10.0.0.1'))
  t.notOk(createIpSet(['::/0']).has('10.0.0.1'), 'the IPv6 internet is not the IPv4 one')
  t.throws(() => createIpSet(['10.0.0.1/8']), TypeError)
})

t.test('property: membership is what the bits say, also once the memo is full', async () => {
  const toNumber = (text: string) => text.split('.').reduce((sum, byte) => sum * 256 + Number(byte), 0)
  const set = createIpSet(['100.64.0.0/10'])
  const first = toNumber('100.64.0.0')
  const addresses = fc.oneof(
    fc.ipV4(),
    fc.tuple(fc.nat(255), fc.nat(255)).map(([a, b]) => `100.${a}.1.${b}`),
  )
  fc.assert(
    fc.property(addresses, (text) => {
      const number = toNumber(text)
      return set.has(text) === (number >= first && number < first + 2 ** 22)
    }),
    { numRuns: 2000 },
  )
})
