import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { clock } from '../../src/command/clock.ts'
import { checkConfig } from '../../src/command/config-check.ts'
import { keys } from '../../src/command/keys.ts'
import { verify } from '../../src/command/verify.ts'
import { startDevKms } from '../../src/devkms/server.ts'
import { createTraffic } from '../../src/devkms/traffic.ts'
import { openEnvironment } from '../../src/store/environment.ts'
import { derivedKey } from '../../src/store/meta.ts'
import { storeAt, testContext } from '../command/command-run.ts'
import { runSidecar } from '../helper/running-sidecar.ts'

/** How a secret could be written down. */
function forms(secret: string): string[] {
  const bytes = Buffer.from(secret)
  const raw = [secret, bytes.toString('hex'), bytes.toString('hex').toUpperCase(), encodeURIComponent(secret)]
  // Base64 of what lies anywhere in a longer text: whatever its offset, these characters of it are the same.
  const inner = [0, 1, 2].map((offset) => {
    const coded = Buffer.concat([Buffer.alloc(offset), bytes])
      .toString('base64')
      .replace(/=+$/, '')
    return coded.slice(Math.ceil((offset * 8) / 6), -1)
  })
  const urlSafe = inner.map((coded) => coded.replaceAll('+', '-').replaceAll('/', '_'))
  const decoded = /^[\w+/]{24,}={0,2}$/.test(secret) ? [Buffer.from(secret, 'base64').toString('latin1')] : []
  return [...raw, ...inner, ...urlSafe, ...decoded]
}

function everyFile(directory: string): Buffer[] {
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => readFileSync(join(entry.parentPath, entry.name)))
}

/** What the history API answers, wherever one may ask. */
async function everyAnswer(history: string): Promise<string> {
  const fixed = [
    '/v1/keys',
    '/v1/tombstones',
    '/v1/unattributed/history',
    '/metrics',
    '/openapi.json',
    '/readyz',
  ]
  const { keys } = (await (await fetch(`${history}/v1/keys`)).json()) as { keys: { key: string }[] }
  const paths = keys.flatMap(({ key }) => [`/v1/keys/${key}/history`, `/kms/v1/keys/${key}/activities`])
  const answers = [...fixed, ...paths].map(async (path) => (await fetch(`${history}${path}`)).text())
  return (await Promise.all(answers)).join('\n')
}

async function everyCommand(store: string): Promise<string[]> {
  const context = testContext()
  const choice = { ...storeAt(store), json: true }
  await keys(context, choice)
  await verify(context, choice)
  await clock(context, choice, false)
  checkConfig(context, choice.config)
  return [context.stdout, context.stderr]
}

t.test('no plaintext, ciphertext, token or signature is in the data directory or the log', async (t) => {
  const kms = await startDevKms({ clock: Date.now })
  t.teardown(() => kms.close())
  const requesters = Object.fromEntries(
    kms.accounts.map(({ accessKey, accountId }) => [accessKey, accountId]),
  )
  const sidecar = await runSidecar(t, kms.url, { requesters, log: { level: 'trace' } })
  const traffic = createTraffic({
    apiUrl: sidecar.api,
    consoleUrl: sidecar.console,
    accounts: kms.accounts,
    clock: Date.now,
    ratePerSecond: 1000,
    expiredToken: (key, accountId) => kms.issueToken(key, { accountId, use: 'access', lifetimeMs: -60_000 }),
  })
  await traffic.runOnce()
  await traffic.stop()
  const secrets = [
    ...new Set([...traffic.secrets, ...kms.accounts.map(({ secretKey }) => secretKey)]),
  ].filter((secret) => secret.length >= 8)
  t.ok(secrets.length > 50, `${secrets.length} secrets went over the wire`)
  const search = (haystacks: readonly Buffer[]): string[] =>
    secrets.filter((secret) =>
      forms(secret).some((form) => haystacks.some((bytes) => bytes.includes(Buffer.from(form, 'latin1')))),
    )
  // The search finds what is there: the key ids are.
  const key = traffic.sent.find(({ key }) => key !== '')?.key ?? ''
  t.ok(everyFile(sidecar.dataDir).some((bytes) => bytes.includes(key)))
  t.strictSame(search(everyFile(sidecar.dataDir)), [], 'while it runs')
  const environment = openEnvironment({ path: sidecar.dataDir, access: 'read', mapSize: 2 ** 30 })
  const hashKeys = [
    derivedKey(environment.meta, 'credentials'),
    environment.meta.get(Buffer.from('secret')) ?? Buffer.alloc(0),
  ]
  await environment.close()
  const shown = await everyAnswer(sidecar.history)
  t.equal(await sidecar.stop(), 0)
  const said = [shown, sidecar.log.join('\n'), ...(await everyCommand(sidecar.dataDir))].join('\n')
  t.ok(said.includes(key))
  for (const hashKey of hashKeys) {
    t.equal(hashKey.length, 32)
    for (const coding of ['hex', 'base64', 'base64url', 'latin1'] as const)
      t.notOk(said.includes(hashKey.toString(coding).replace(/=+$/, '')), `the hash key, ${coding}`)
  }
  t.strictSame(
    search([...everyFile(sidecar.dataDir), Buffer.from(sidecar.log.join('\n'))]),
    [],
    'once it has stopped',
  )
})
