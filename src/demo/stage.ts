import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { loadConfig } from '../config/load.ts'
import { type DevKms, startDevKms } from '../devkms/server.ts'
import { createTraffic, type Traffic } from '../devkms/traffic.ts'
import { type Sidecar, type SidecarOptions, startSidecar } from '../sidecar.ts'
import type { DemoPorts } from './ports.ts'

export interface StageOptions {
  /** Where the configuration and the data go. */
  readonly directory: string
  readonly ports: DemoPorts
  readonly ratePerSecond: number
  /** Unix ms. */
  readonly clock: () => number
  readonly sidecar: SidecarOptions
}

/** Everything the demo consists of: a key API, keytrail in front of it, and traffic that is yet to be started. */
export interface Stage {
  readonly kms: DevKms
  readonly sidecar: Sidecar
  readonly traffic: Traffic
  /** Base URL of each channel's listener. */
  readonly urls: { readonly api: string; readonly console: string }
  readonly configFile: string
  readonly dataDir: string
  /** Stops everything; what was written stays. */
  close(): Promise<void>
}

/** Builds the stage. Fails with `ADDRESS_IN_USE` and whatever else keeps a sidecar from starting. */
export async function buildStage(options: StageOptions): Promise<Stage> {
  const kms = await startDevKms({ clock: options.clock })
  try {
    const configFile = join(options.directory, 'keytrail.yaml')
    const dataDir = join(options.directory, 'data')
    const writeConfig = (ports: DemoPorts): void =>
      writeFileSync(configFile, configText(kms, ports, dataDir), { mode: 0o600 })
    writeConfig(options.ports)
    const sidecar = await startSidecar(loadConfig({ file: configFile, env: {} }), options.sidecar)
    const { api = '', console = '' } = sidecar.listeners
    // Any free port is now a known one: commands that read this file need it.
    writeConfig({ api: portOf(api), console: portOf(console), history: portOf(sidecar.historyUrl) })
    const traffic = trafficTo(kms, { api, console }, options)
    return {
      kms,
      sidecar,
      traffic,
      urls: { api, console },
      configFile,
      dataDir,
      async close() {
        await traffic.stop()
        await sidecar.close()
        await kms.close()
      },
    }
  } catch (error) {
    await kms.close()
    throw error
  }
}

function portOf(url: string): number {
  return Number(new URL(url).port)
}

/** JSON is YAML too. */
function configText({ url, accounts }: DevKms, ports: DemoPorts, dataDir: string): string {
  const bind = (port: number): string => `127.0.0.1:${port}`
  const document = {
    listeners: [
      { name: 'api', bind: bind(ports.api), channel: 'api' },
      { name: 'console', bind: bind(ports.console), channel: 'console' },
    ],
    upstream: { url },
    requesters: Object.fromEntries(accounts.map(({ accessKey, accountId }) => [accessKey, accountId])),
    store: { path: dataDir },
    history: { bind: bind(ports.history) },
    log: { level: 'warn' },
  }
  return `${JSON.stringify(document, null, 2)}\n`
}

function trafficTo(kms: DevKms, urls: Stage['urls'], { clock, ratePerSecond }: StageOptions): Traffic {
  return createTraffic({
    apiUrl: urls.api,
    consoleUrl: urls.console,
    accounts: kms.accounts,
    clock,
    ratePerSecond,
    expiredToken: (keyTag, accountId) =>
      kms.issueToken(keyTag, { accountId, use: 'access', lifetimeMs: -60_000 }),
  })
}
