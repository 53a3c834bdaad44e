import { startDevKms } from '../devkms/server.ts'
import type { Bind } from '../listener/bind.ts'
import type { CommandContext } from './command-context.ts'
import { ExitCode } from './exit-code.ts'
import { aborted, stopSignal } from './stop-signal.ts'

export interface DevKmsCommandOptions {
  readonly bind: Bind
  /** Allow an address that others can reach. */
  readonly exposeToNetwork?: boolean
}

/**
 * `keytrail devkms`: the development key API alone, until a signal. Prints the accounts it made for this run; its
 * keys are gone with it.
 */
export async function devkms({ out, clock }: CommandContext, options: DevKmsCommandOptions): Promise<number> {
  const { bind, exposeToNetwork = false } = options
  const stop = stopSignal(['SIGINT', 'SIGTERM'])
  const kms = await startDevKms({ ...bind, exposeToNetwork, clock })
  out(`a key API for development: ${kms.url}\n`)
  for (const { accountId, accessKey, secretKey } of kms.accounts)
    out(`account ${accountId}: access key ${accessKey}, secret key ${secretKey}\n`)
  await aborted(stop)
  await kms.close()
  return ExitCode.ok
}
