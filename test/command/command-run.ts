import type { CommandContext } from '../../src/command/command-context.ts'
import { DEFAULT_CONFIG_FILE } from '../../src/command/installation.ts'
import type { RecordFields } from '../store/audit-record.ts'
import { type Effect, RETENTION, START, TestStore } from '../store/open-store.ts'

/** A context that keeps what is written; its clock stands where the test stores' clocks start. */
export function testContext(
  env: CommandContext['env'] = {},
): CommandContext & { stdout: string; stderr: string } {
  const context = {
    stdout: '',
    stderr: '',
    out(text: string) {
      context.stdout += text
    },
    err(text: string) {
      context.stderr += text
    },
    env,
    columns: null,
    clock: () => START,
  }
  return context
}

/** Where commands find a store at `path`. */
export function storeAt(path: string): { config: string; store: string } {
  return { config: DEFAULT_CONFIG_FILE, store: path }
}

/** Writes a store with these records, one transaction for all, and closes it. */
export async function writeStore(
  path: string,
  records: readonly (RecordFields & { readonly effect?: Effect })[],
  change: (store: TestStore) => void = () => {},
): Promise<void> {
  const store = new TestStore(path, { ...RETENTION, records: 30_000, ageMs: 1e9, tombstoneMs: 1e9 }, 1000)
  store.commit(() => {
    for (const { effect = { keyProven: true }, ...fields } of records) store.submit(fields, effect)
  })
  change(store)
  await store.environment.close()
}
