import { NumberSet } from './number-set.ts'
import type { Root } from './page.ts'
import { type PageDamage, PageFile } from './page-file.ts'
import { unseal } from './seal.ts'

/** The database whose values have no checksum, but a chain. */
const UNSEALED = 'records'
/** Damaged pages that are told one by one. */
const MOST_TOLD = 20

/**
 * What keeps the store's `file` from being opened: what every transaction reads is looked at, and that the file
 * is as long as it should be. Takes no longer for a larger store (its free pages aside). A running writer's
 * file is looked at again where it was written to meanwhile; null where it is sound, or changes too fast to tell.
 */
export function unusablePages(file: string): string | null {
  for (let attempt = 0; attempt < 5; attempt++) {
    const damage: PageDamage[] = []
    const pages = new PageFile(file, { damaged: (found) => void damage.push(found) })
    try {
      const cut = missingEnd(pages)
      for (const [name, root] of pages.databases()) {
        // A page that can't be used is told where it is read; the small database is read as a whole.
        if (name === 'meta') tellEntries(pages, root, damage)
        else if (root !== null) tellPage(pages, root, damage)
      }
      if (pages.newestMeta().transaction !== pages.meta.transaction) continue
      if (cut !== null) return cut
      return damage.length === 0 ? null : damageText(damage).join('; ')
    } finally {
      pages.close()
    }
  }
  return null
}

/** Pages behind the file's end are damage unless they are free: the library does not write those. */
function missingEnd(pages: PageFile): string | null {
  const { lastPage, pageSize } = pages.meta
  const missing = Math.max(0, lastPage + 1 - pages.pages)
  let free = 0
  for (const page of pages.freePages()) if (page >= pages.pages && page <= lastPage) free++
  if (missing <= free) return null
  return `expected ${(lastPage + 1) * pageSize} bytes, found the file’s end at ${pages.pages * pageSize}`
}

function tellEntries(pages: PageFile, root: Root, damage: PageDamage[]): void {
  for (const { key, value } of pages.entries(root))
    if (unseal(key, value) === null) damage.push({ page: root ?? 0, what: entryDamage('meta', key) })
}

function tellPage(pages: PageFile, root: number, damage: PageDamage[]): void {
  const found = pages.page(root)
  if (typeof found === 'string') damage.push({ page: root, what: found })
}

/**
 * What is wrong with the pages of the snapshot that `pages` stands for, in words: every page in use is looked at,
 * those that are used twice or are free as well included. `pages` reports to `events`.
 */
export class PageCheck {
  readonly #damage: PageDamage[] = []
  #count = 0
  readonly #used = new NumberSet()

  readonly events = {
    damaged: (damage: PageDamage): void => this.#add(damage),
    used: (page: number, pages: number): void => {
      for (let at = page; at < page + pages; at++)
        if (!this.#used.add(at)) this.#add({ page: at, what: 'it is used twice' })
    },
  }

  run(pages: PageFile): string[] {
    for (const [name, root] of pages.databases()) {
      for (const { key, value } of pages.entries(root))
        if (name !== UNSEALED && unseal(key, value) === null)
          this.#add({ page: root ?? 0, what: entryDamage(name, key) })
    }
    for (const page of pages.freePages()) {
      if (page < 2 || page > pages.meta.lastPage)
        this.#add({ page, what: 'it is free, but lies outside of the file' })
      else if (!this.#used.add(page)) this.#add({ page, what: 'it is free and in use' })
    }
    const told = damageText(this.#damage)
    return this.#count > told.length ? [...told, `${this.#count - told.length} more damaged pages`] : told
  }

  #add(damage: PageDamage): void {
    this.#count++
    if (this.#damage.length < MOST_TOLD) this.#damage.push(damage)
  }
}

function entryDamage(database: string, key: Buffer): string {
  return `the entry ${JSON.stringify(key.toString('latin1'))} below it, of ${database}, is not what was written`
}

function damageText(damage: readonly PageDamage[]): string[] {
  return damage.map(({ page, what }) => `page ${page}: ${what}`)
}
