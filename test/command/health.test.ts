import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { ExitCode } from '../../src/command/exit-code.ts'
import { health } from '../../src/command/health.ts'
import { DEFAULT_CONFIG_FILE } from '../../src/command/installation.ts'
import { testContext } from './command-run.ts'

t.test('ready is exit code 0', async (t) => {
  const url = await answering(t, (request, response) => {
    response.writeHead(request.url === '/readyz' ? 200 : 404).end('{"ready":true,"reasons":[]}')
  })
  const context = testContext()
  t.equal(await health(context, { config: DEFAULT_CONFIG_FILE, url }), ExitCode.ok)
  t.equal(context.stdout, 'ready\n')
})

t.test('every reason against it has a line, made visible', async (t) => {
  const url = await answering(t, (_, response) => {
    response
      .writeHead(503)
      .end(JSON.stringify({ ready: false, reasons: ['no upstream', 'disk\u001b[2J full'] }))
  })
  const context = testContext()
  t.equal(await health(context, { config: DEFAULT_CONFIG_FILE, url }), ExitCode.no)
  t.equal(context.stderr, 'keytrail: not ready: no upstream\nkeytrail: not ready: disk\\u{1b}[2J full\n')
})

t.test('what is no keytrail is not ready', async (t) => {
  const answers: Record<string, RequestListener> = {
    'no JSON': (_, response) => response.end('<html>'),
    'JSON null': (_, response) => response.end('null'),
    'something else': (_, response) => response.end('{"ready":1}'),
    'not found': (_, response) => response.writeHead(404).end('{"ready":true}'),
    'a redirect': (_, response) => response.writeHead(302, { location: 'http://127.0.0.1:1/' }).end(),
    'a broken answer': (_, response) => response.destroy(),
  }
  for (const [name, answer] of Object.entries(answers)) {
    const context = testContext()
    const url = await answering(t, answer)
    t.equal(await health(context, { config: DEFAULT_CONFIG_FILE, url }), ExitCode.no, name)
    t.match(context.stderr, /^keytrail: not ready: http.*\/readyz: .+\n$/, name)
  }
})

t.test('nobody there is not ready; the configuration says where to ask', async (t) => {
  const server = createServer()
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  const { port } = server.address() as AddressInfo
  await new Promise((done) => server.close(done))
  const context = testContext({ KEYTRAIL_HISTORY_BIND: `127.0.0.1:${port}` })
  t.equal(await health(context, { config: DEFAULT_CONFIG_FILE }), ExitCode.no)
  t.equal(context.stderr, `keytrail: not ready: http://127.0.0.1:${port}/readyz: ECONNREFUSED\n`)
})

t.test('what is bound to every address is asked on this machine', async (t) => {
  const url = await answering(t, (_, response) => response.end('{"ready":true,"reasons":[]}'))
  const auth = '{ tokens: [{ name: a, sha256: "'.concat('0'.repeat(64), '", keys: ["*"] }] }')
  const env = { KEYTRAIL_HISTORY_BIND: `0.0.0.0:${new URL(url).port}`, KEYTRAIL_HISTORY_AUTH: auth }
  t.equal(await health(testContext(env), { config: DEFAULT_CONFIG_FILE }), ExitCode.ok)
})

t.test('a configuration that leaves the port open needs the URL', async (t) => {
  const file = join(t.testdir({ 'keytrail.yaml': 'history: { bind: 127.0.0.1:0 }' }), 'keytrail.yaml')
  await t.rejects(health(testContext(), { config: file }), { code: 'CONFIG_INVALID' })
})

async function answering(t: Test, listener: RequestListener): Promise<string> {
  const server = createServer(listener)
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  t.teardown(() => server.close().closeAllConnections())
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}
