import fc from 'fast-check'
import t from 'tap'
import { forwardHeaders, responseHeaders } from '../../src/proxy/forward-headers.ts'

t.test('end-to-end headers stay as they are: case, duplicates, order', async (t) => {
  const raw = ['Host', 'a', 'X-Dup', '1', 'x-dup', '2', 'Accept', '', 'COOKIE', 'caf\xe9', 'Trailer', 'X-Sum']
  t.strictSame(forwardHeaders(raw), {
    ...{ headers: raw, contentLength: -1, chunked: false, ambiguous: false, hosts: 1, upgrade: '' },
  })
})

t.test('hop-by-hop headers go (RFC 9110 7.6.1)', async (t) => {
  const hops = [
    'Connection',
    'Keep-Alive',
    'TE',
    'Transfer-Encoding',
    'upgrade',
    'PROXY-connection',
    'Expect',
  ]
  for (const name of hops) t.strictSame(forwardHeaders([name, 'close', 'A', 'b']).headers, ['A', 'b'], name)
})

t.test('what Connection names goes too, but neither framing nor host', async (t) => {
  const raw = [
    'Connection',
    'keep-alive, X-Hop , content-length, HOST',
    'x-hop',
    '1',
    'Host',
    'a',
    'Content-Length',
    '3',
    'X-Hops',
    '2',
  ]
  t.strictSame(forwardHeaders(raw).headers, ['Host', 'a', 'Content-Length', '3', 'X-Hops', '2'])
})

t.test('framing and hosts are told', async (t) => {
  t.match(forwardHeaders(['content-length', '12']), { contentLength: 12, chunked: false, hosts: 0 })
  t.match(forwardHeaders(['transfer-ENCODING', 'chunked', 'Host', 'a', 'host', 'b']), {
    chunked: true,
    hosts: 2,
    upgrade: '',
  })
})

t.test('framing that could be read in two ways', async (t) => {
  const ambiguous = [
    ['Transfer-Encoding', ''],
    ['Transfer-Encoding', 'gzip, chunked'],
    ['Transfer-Encoding', 'identity'],
    ['Transfer-Encoding', 'chunked\t'],
    ['Transfer-Encoding', 'chunked', 'transfer-encoding', 'chunked'],
    ['Transfer-Encoding', 'chunked', 'Content-Length', '1'],
    ['Content-Length', '1', 'Transfer-Encoding', 'chunked'],
    ['Content-Length', '1', 'content-length', '1'],
    ['Content-Length', ''],
    ['Content-Length', '01'],
    ['Content-Length', '+1'],
    ['Content-Length', '1 '],
    ['Content-Length', '0x1'],
    ['Content_Length', '1'],
    ['TRANSFER_encoding', 'chunked'],
    ['', 'x'],
  ]
  for (const headers of ambiguous) t.match(forwardHeaders(headers), { ambiguous: true }, headers.join(' '))
  const plain = [
    ['Transfer-Encoding', 'Chunked'],
    ['Content-Length', '0'],
    ['content-length', '10'],
    ['X_Y', '1'],
  ]
  for (const headers of plain) t.match(forwardHeaders(headers), { ambiguous: false }, headers.join(' '))
})

t.test('response headers are decoded byte by byte', async (t) => {
  const raw = ['X-A', 'caf\xe9', 'Connection', 'close'].map((text) => Buffer.from(text, 'latin1'))
  t.strictSame(responseHeaders(raw).headers, ['X-A', 'caf\xe9'])
})

t.test('property: what is kept is a subsequence of what came, and holds no hop-by-hop header', async (t) => {
  const name = fc.constantFrom(
    'Host',
    'X',
    'te',
    'Connection',
    'Keep-Alive',
    'Upgrade',
    'Expect',
    'x-hop',
    'Accept-Charset',
  )
  const value = fc.constantFrom('', 'close', 'x-hop', 'X, accept-charset', 'plain')
  fc.assert(
    fc.property(fc.array(fc.tuple(name, value)), (pairs) => {
      const { headers } = forwardHeaders(pairs.flat())
      let at = 0
      for (let i = 0; i < headers.length; i += 2) {
        while (at < pairs.length && (pairs[at]?.[0] !== headers[i] || pairs[at]?.[1] !== headers[i + 1])) at++
        if (at++ >= pairs.length) return false
      }
      return !headers.some(
        (text, i) => i % 2 === 0 && /^(te|connection|keep-alive|upgrade|expect)$/i.test(text),
      )
    }),
  )
  t.pass()
})

t.test('what the client would change to, where Connection names it', async (t) => {
  const upgrade = (...lines: string[]) => forwardHeaders(lines).upgrade
  t.equal(upgrade('Connection', 'keep-alive, UPGRADE', 'uPgrade', 'WebSocket'), 'WebSocket')
  t.equal(upgrade('Upgrade', 'websocket', 'Connection', 'x', 'Connection', 'Upgrade'), 'websocket')
  t.equal(upgrade('Upgrade', 'a', 'Upgrade', 'b', 'Connection', 'Upgrade'), 'a, b')
  t.equal(upgrade('Upgrade', 'websocket'), '')
  t.equal(upgrade('Upgrade', 'websocket', 'Connection', 'close'), '')
  t.equal(upgrade('Connection', 'Upgrade'), '')
})
