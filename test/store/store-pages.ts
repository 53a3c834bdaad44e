import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { STORE_FILE } from '../../src/store/environment.ts'
import { PageFile } from '../../src/store/page-file.ts'

/** Pages in use of the store at `path`, its meta pages aside, and what each database holds. */
export function readPages(path: string): { used: Set<number>; entries: string[]; damage: string[] } {
  const used = new Set<number>()
  const damage: string[] = []
  const pages = new PageFile(join(path, STORE_FILE), {
    damaged: ({ page, what }) => void damage.push(`${page}: ${what}`),
    used(page, count) {
      for (let at = page; at < page + count; at++) used.add(at)
    },
  })
  const entries: string[] = []
  for (const [name, root] of pages.databases()) {
    for (const { key, value } of pages.entries(root))
      entries.push(`${name} ${key.toString('latin1')} ${value.toString('latin1')}`)
  }
  for (const _ of pages.freePages());
  pages.close()
  return { used, entries, damage }
}

/** Pages in use that hold `text`, unused parts of them included. */
export function livePagesWith(path: string, text: string): number[] {
  const bytes = readFileSync(join(path, STORE_FILE))
  return [...readPages(path).used].filter((page) =>
    bytes.subarray(page * 4096, (page + 1) * 4096).includes(text),
  )
}
