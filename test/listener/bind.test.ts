import fc from 'fast-check'
import t from 'tap'
import { formatBind, isLoopback, parseBind } from '../../src/listener/bind.ts'

t.test('host and port', async (t) => {
  t.strictSame(parseBind('127.0.0.1:8300'), { host: '127.0.0.1', port: 8300 })
  t.strictSame(parseBind('[::1]:0'), { host: '::1', port: 0 })
  t.strictSame(parseBind('[2001:DB8::1]:65535'), { host: '2001:db8::1', port: 65_535 })
  t.strictSame(parseBind('[fe80::1%eth0]:80'), { host: 'fe80::1%eth0', port: 80 })
  t.strictSame(parseBind('localhost:8300'), { host: 'localhost', port: 8300 })
  t.strictSame(parseBind('kms-1.example.com:80'), { host: 'kms-1.example.com', port: 80 })
})

t.test('all else is refused', async (t) => {
  const texts = [
    '',
    '8300',
    ':8300',
    '127.0.0.1',
    '127.0.0.1:',
    '127.0.0.1:65536',
    '10.0.0.256:80',
    '::1:80',
    '[::1]',
  ]
  texts.push(
    '[127.0.0.1]:80',
    '[x]:80',
    '*:80',
    'a b:80',
    '-a:80',
    'http://x:80',
    '127.0.0.1:8300 ',
    'x:-1',
    'x:8e1',
  )
  for (const text of texts) t.equal(parseBind(text), null, JSON.stringify(text))
  for (const value of [8300, null, undefined, ['x:1'], {}]) t.equal(parseBind(value), null)
})

t.test('loopback', async (t) => {
  for (const host of ['127.0.0.1', '127.9.9.9', '::1', 'localhost', 'LocalHost']) t.ok(isLoopback(host), host)
  for (const host of ['0.0.0.0', '::', '10.0.0.1', 'localhost.example', '128.0.0.1'])
    t.notOk(isLoopback(host), host)
})

t.test('property: what is formatted is read back', async () => {
  const host = fc.oneof(fc.ipV4(), fc.ipV6())
  fc.assert(
    fc.property(host, fc.nat(65_535), (address, port) => {
      const bind = parseBind(formatBind({ host: address, port }))
      return (
        bind !== null && formatBind(bind) === formatBind(parseBind(formatBind(bind)) ?? { host: '', port: 0 })
      )
    }),
  )
  fc.assert(fc.property(fc.string(), (text) => parseBind(text) === null || text.includes(':')))
})
