import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib'
import t from 'tap'
import { decodeBody } from '../../src/proxy/decode-body.ts'

const text = Buffer.from('{"code":"SUCCESS"}')

t.test('reads every coding that clients use', async (t) => {
  t.equal(decodeBody(null, [], 100), null)
  t.equal(decodeBody(text, [], 100), text)
  t.equal(decodeBody(text, ['Content-Encoding', 'identity'], 100), text)
  t.strictSame(decodeBody(gzipSync(text), ['content-encoding', ' GZIP '], 100), text)
  t.strictSame(decodeBody(deflateSync(text), ['Content-Encoding', 'deflate'], 100), text)
  t.strictSame(decodeBody(brotliCompressSync(text), ['Content-Encoding', 'br'], 100), text)
})

t.test('a bomb, nonsense and unknown codings give nothing', async (t) => {
  t.equal(decodeBody(gzipSync(Buffer.alloc(1e6)), ['Content-Encoding', 'gzip'], 1000), null)
  t.equal(decodeBody(text, ['Content-Encoding', 'gzip'], 1000), null)
  t.equal(decodeBody(text, ['Content-Encoding', 'zstd-next'], 1000), null)
  t.equal(decodeBody(text, ['Content-Encoding', 'gzip, br'], 1000), null)
  t.equal(decodeBody(text, ['Content-Encoding', 'constructor'], 1000), null)
})
