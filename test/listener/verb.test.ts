import { METHODS } from 'node:http'
import fc from 'fast-check'
import t from 'tap'
import { unknownVerb } from '../../src/listener/verb.ts'

function read(packet: string, stopped: number): [string, string] | null {
  const verb = unknownVerb(Buffer.from(packet, 'latin1'), stopped)
  return verb === null ? null : [verb.method, verb.rest.toString('latin1')]
}

t.test('a method that the parser does not know, where it stopped', async (t) => {
  t.strictSame(read('LIST /x HTTP/1.1\r\n', 2), ['LIST', ' /x HTTP/1.1\r\n'])
  t.strictSame(read('SCAN /x HTTP/1.1\r\n', 1), ['SCAN', ' /x HTTP/1.1\r\n'])
  t.strictSame(read('X /x', 0), ['X', ' /x'])
  t.strictSame(read("a-Z0!#$%&'*+.^_`|~ /", 0), ["a-Z0!#$%&'*+.^_`|~", ' /'])
  t.strictSame(read('GETS /', 3), ['GETS', ' /'], 'longer than a known one')
  t.strictSame(read('PROP /', 4), ['PROP', ' /'], 'shorter than a known one')
  t.strictSame(read('GET / HTTP/1.1\r\n\r\nLIST /x', 20), ['LIST', ' /x'], 'behind another request')
})

t.test('what is not certain', async (t) => {
  t.equal(read('LIST', 2), null, 'its end has not come')
  t.equal(read('LIST ', 2), null)
  t.equal(read('LIST  /', 2), null, 'no path')
  t.equal(read('LIST http://a/', 2), null)
  t.equal(read('LIST\t/', 2), null, 'no space')
  t.equal(read('LIST\r\n', 2), null)
  t.equal(read(' LIST /', 0), null, 'no method')
  t.equal(read('ST /', 0), null, 'its beginning came before')
  t.equal(read('IST /', 1), null)
  t.equal(read('abcLIST /', 5), null, 'behind the body of another request')
  t.equal(read('}LIST /', 3), null)
  t.equal(read('\x16\x03\x01 ', 0), null)
  t.equal(read(`${'X'.repeat(33)} /`, 0), null, 'too long')
  t.strictSame(read(`${'X'.repeat(32)} /`, 0)?.[0], 'X'.repeat(32))
  t.equal(read('', 0), null)
  t.equal(read('LIST /', 99), null)
})

t.test('what could be read as a known one, or belongs to another protocol', async (t) => {
  for (const method of ['get', 'Delete', 'pOST', 'pri', 'connect', 'Play', 'source']) {
    for (let stopped = 0; stopped <= method.length; stopped++) t.equal(read(`${method} /`, stopped), null)
  }
})

t.test('whatever is found starts a line, ends at a space, and is none that the parser knows', async (t) => {
  const piece = fc.constantFrom(
    'LIST',
    'RE',
    'PX',
    'GET',
    'M-',
    ' ',
    '/',
    '\r\n',
    '\n',
    'abc',
    '}',
    '\0',
    '\xe9',
  )
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 8 }), fc.nat(30), (pieces, stopped) => {
      const packet = pieces.join('')
      const found = read(packet, stopped)
      if (found === null) return
      const [method, rest] = found
      const before = packet.slice(0, packet.length - rest.length - method.length)
      t.equal(before + method + rest, packet)
      t.ok(before === '' || before.endsWith('\n'))
      t.ok(before.length <= stopped && stopped <= before.length + method.length)
      t.ok(rest.startsWith(' /'))
      t.notOk(METHODS.includes(method.toUpperCase()))
    }),
    { numRuns: 2000 },
  )
})
