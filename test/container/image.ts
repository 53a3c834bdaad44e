import { type ChildProcess, execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { chownSync, mkdirSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import t, { type Test } from 'tap'
import { compare } from '../../src/demo/comparison.ts'
import { readHistory } from '../../src/demo/seen-history.ts'
import { type DevKms, startDevKms } from '../../src/devkms/server.ts'
import { createTraffic } from '../../src/devkms/traffic.ts'
import { Container } from './container.ts'

/** What .ci/container has built; it runs this. */
const { KEYTRAIL_TEST_IMAGE: image = '' } = process.env

const VERSION = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')).version

t.test('the image', async (t) => {
  const volume = join(t.testdir({}), 'volume')
  mkdirSync(volume, { mode: 0o700 })
  chownSync(volume, 65532, 65532)
  const container = new Container(t, image, volume)
  const { config, root } = container
  t.comment(`size ${execFileSync('du', ['-sm', root], { encoding: 'utf8' }).split('\t')[0]} MiB`)

  await t.test('says who runs what, where the data is and how to stop', async (t) => {
    t.match(config, {
      User: '65532:65532',
      Entrypoint: ['/usr/local/bin/node', '/app/dist/cli.js'],
      Cmd: ['serve'],
      Volumes: { '/data': {} },
      ExposedPorts: { '8300/tcp': {}, '8400/tcp': {} },
      StopSignal: 'SIGTERM',
      Healthcheck: { Test: ['CMD', ...config.Entrypoint, 'health'] },
    })
    for (const name of ['title', 'description', 'licenses', 'version', 'revision'])
      t.ok(config.Labels[`org.opencontainers.image.${name}`], name)
    t.equal(config.Labels['org.opencontainers.image.version'], VERSION)
    const { out } = await container.run([...config.Entrypoint, '--version'])
    t.equal(out.trim(), VERSION)
  })

  await t.test('has no shell, no package manager and nothing to develop with', async (t) => {
    const names = ['sh', 'bash', 'dash', 'npm', 'npx', 'corepack', 'yarn', 'apt', 'apt-get', 'dpkg']
    const found = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter((path) => {
      if (path.startsWith('app/') || path.startsWith('dev/')) return false
      return names.includes(path.slice(path.lastIndexOf('/') + 1))
    })
    t.same(found, [])
    t.notOk(readdirSync(join(root, 'app/node_modules')).includes('typescript'))
    const { code } = await container.run(['/bin/sh', '-c', 'true'])
    t.not(code, 0)
  })

  await t.test('its tree can’t be written, most of it not even by root; /data can', async (t) => {
    const write = (path: string) => ['/usr/local/bin/node', '-e', `fs.writeFileSync('${path}', '')`]
    for (const path of ['/app/x', '/usr/x', '/tmp/x', '/lib/x'])
      t.match(await container.run(write(path), { user: '0' }), { out: /EROFS/ })
    for (const path of ['/x', '/etc/x', '/run/x'])
      t.match(await container.run(write(path)), { out: /EACCES/ })
    t.match(await container.run(write('/data/x')), { code: 0, out: '' })
  })

  await t.test('records what goes through it, and keeps it over a restart', async (t) => {
    const kms = await startDevKms({ clock: Date.now })
    t.teardown(() => kms.close())
    const first = await serve(t, container, kms)
    const { sent } = await send(kms, first.api)
    const before = compare(sent, await readHistory(first.history))
    t.same({ missing: before.missing, left: before.left }, { missing: [], left: [] })
    t.ok(before.inKey > 50, `${before.inKey} exchanges recorded through the container, ${sent.length} sent`)
    t.comment(`${sent.length} exchanges, ${before.inKey} found with their key, 0 missing`)

    const [, ...health] = config.Healthcheck.Test
    const { host } = new URL(first.history)
    t.match(await container.run(health, { env: { KEYTRAIL_HISTORY_BIND: host } }), {
      code: 0,
      out: 'ready\n',
    })
    t.equal(await first.stop(), 0)
    t.match(await container.run(health, { env: { KEYTRAIL_HISTORY_BIND: host } }), {
      code: 1,
      out: /not ready/,
    })
    t.equal(statSync(join(volume, 'store.mdb')).uid, 65532)

    const second = await serve(t, container, kms)
    t.same(compare(sent, await readHistory(second.history)), before)
    t.equal(await second.stop(), 0)
  })
})

/** Goes once through every step of the development traffic. */
async function send(kms: DevKms, api: string) {
  const traffic = createTraffic({
    apiUrl: api,
    consoleUrl: api,
    accounts: kms.accounts,
    clock: Date.now,
    ratePerSecond: 1000,
    expiredToken: (key, accountId) => kms.issueToken(key, { accountId, use: 'access', lifetimeMs: -60_000 }),
  })
  await traffic.runOnce()
  await traffic.stop()
  // One listener: what the traffic takes for the console's came in by the API too.
  return { sent: traffic.sent.map((one) => ({ ...one, channel: 'api' as const })) }
}

/** Starts the image's own command on free ports. */
async function serve(t: Test, container: Container, kms: DevKms) {
  const { config } = container
  const child = container.start([...config.Entrypoint, ...config.Cmd], {
    env: {
      KEYTRAIL_UPSTREAM_URL: kms.url,
      KEYTRAIL_LISTENERS: '[{ name: api, bind: "127.0.0.1:0", channel: api }]',
      KEYTRAIL_HISTORY_BIND: '127.0.0.1:0',
      KEYTRAIL_REQUESTERS: JSON.stringify(
        Object.fromEntries(kms.accounts.map(({ accessKey, accountId }) => [accessKey, accountId])),
      ),
    },
  })
  const { listeners, history } = await started(child)
  const pid = innermost(child.pid ?? 0)
  t.teardown(() => isRunning(pid) && process.kill(pid, 'SIGKILL'))
  return {
    api: listeners['api'] ?? '',
    history,
    /** As an engine stops it: the image's signal to its own process. Resolves with the exit code. */
    async stop(): Promise<number> {
      process.kill(pid, config.StopSignal)
      const [code] = await once(child, 'close')
      return code
    },
  }
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

/** The container's own process: the engine's last descendant. The chroot has no process ids of its own. */
function innermost(pid: number): number {
  const children = readdirSync(`/proc/${pid}/task`)
    .map((thread) => readFileSync(`/proc/${pid}/task/${thread}/children`, 'utf8').trim())
    .find((text) => text !== '')
  return children === undefined ? pid : innermost(Number(children.split(' ').at(-1)))
}

/** What its log says once it runs. */
function started(child: ChildProcess): Promise<{ listeners: Record<string, string>; history: string }> {
  const lines: string[] = []
  return new Promise((done, fail) => {
    child.stderr?.on('data', (chunk) => lines.push(String(chunk)))
    child.once('close', (code) => fail(new Error(`ended with ${code}: ${lines.join('\n')}`)))
    createInterface({ input: child.stdout ?? process.stdin }).on('line', (line) => {
      lines.push(line)
      const fields = JSON.parse(line)
      if (fields.listeners !== undefined) done(fields)
    })
  })
}
