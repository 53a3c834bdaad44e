import { setTimeout as delay } from 'node:timers/promises'
import type { Account } from '../../src/devkms/account.ts'
import { manageSteps } from '../../src/devkms/traffic/manage.ts'
import { refusedSteps } from '../../src/devkms/traffic/refused.ts'
import { Sender } from '../../src/devkms/traffic/sender.ts'
import { createKeys, type KeySet, randomBase64, type Session } from '../../src/devkms/traffic/session.ts'
import { tokenSteps } from '../../src/devkms/traffic/token.ts'
import { useSteps } from '../../src/devkms/traffic/use.ts'
import { pipeline } from './pipelining.ts'
import { Witness } from './witness.ts'

/** What the load starts with, as its one argument in JSON. */
export interface LoadOrder {
  readonly urls: { readonly api: string; readonly console: string }
  readonly accounts: readonly Account[]
  /** Where it writes what it sent and what was answered. */
  readonly file: string
}

const SESSIONS = 6
const PIPELINES = 2
/** Steps that make and destroy keys cost more than others and come along less often. */
const STEPS = [...useSteps, ...tokenSteps, ...useSteps, ...refusedSteps, ...useSteps, ...manageSteps]

const { urls, accounts, file }: LoadOrder = JSON.parse(process.argv[2] ?? '')
const witness = new Witness(file)
const stopping = new AbortController()
const sender = new Sender({
  urls,
  clock: Date.now,
  pace: async () => undefined,
  exchange: witness.exchange,
})
let turn = 0
const newSession = (keys: KeySet): Session => ({
  sender,
  keys,
  nextAccount: () => accounts[turn++ % accounts.length] as Account,
  // One that nobody issued is as bad.
  expiredToken: async () => randomBase64(60),
})

async function prepare(): Promise<KeySet | null> {
  while (!stopping.signal.aborted) {
    const keys = await createKeys(newSession({} as KeySet))
    if (keys !== null) return keys
    await delay(50)
  }
  return null
}

/** Sessions begin at different places and with the same keys, so that all kinds of requests meet. */
async function run(session: Session, offset: number): Promise<void> {
  for (let at = offset; !stopping.signal.aborted; at++) await STEPS[at % STEPS.length]?.(session)
}

process.on('message', () => stopping.abort())
process.on('disconnect', () => process.exit())
const keys = await prepare()
const [account] = accounts
if (keys !== null && account !== undefined) {
  process.send?.('ready')
  await Promise.all([
    ...Array.from({ length: SESSIONS }, (_, place) => run(newSession(keys), place * 5)),
    ...Array.from({ length: PIPELINES }, () =>
      pipeline({ url: urls.api, witness, account, key: keys.aes, signal: stopping.signal }),
    ),
  ])
}
sender.close()
witness.close()
process.disconnect()
