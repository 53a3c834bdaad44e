import { join } from 'node:path'
import { loadConfig } from '../config/load.ts'
import { compactStore, endCompactionRequest, requestCompaction } from '../store/compact.ts'
import { STORE_FILE } from '../store/environment.ts'
import { isLocked, lockDirectory } from '../store/lock.ts'
import { checkStoreFile } from '../store/store-file.ts'
import type { CommandContext } from './command-context.ts'
import { ExitCode } from './exit-code.ts'
import { grouped } from './number-text.ts'
import type { StoreChoice } from './reading-store.ts'

/**
 * `keytrail compact`: writes the store anew without what was deleted; where a keytrail runs on it, has its next
 * start do that. Fails with `STORE_MISSING`, `STORE_DAMAGED`, `STORE_LOCKED` or `STORE_UNWRITABLE`.
 */
export async function compact({ out, env }: CommandContext, choice: StoreChoice): Promise<number> {
  const { store } = loadConfig({ file: choice.config, env })
  const path = choice.store ?? store.path
  checkStoreFile(join(path, STORE_FILE), 'read')
  if (await isLocked(path)) {
    requestCompaction(path)
    out('a keytrail is running on this store: it compacts it when it is started next\n')
    return ExitCode.ok
  }
  const lock = await lockDirectory(path)
  try {
    const { before, after } = await compactStore(path, store.mapSize)
    endCompactionRequest(path)
    out(`compacted: ${grouped(before)} bytes before, ${grouped(after)} now\n`)
    return ExitCode.ok
  } finally {
    await lock.release()
  }
}
