import { closeSync, fstatSync, openSync, readSync } from 'node:fs'
import {
  byNumber,
  decodeFreePages,
  decodeMeta,
  decodePage,
  type KeyOrder,
  type LeafNode,
  type Meta,
  type OverflowPlace,
  overflowDamage,
  PAGE_HEADER_BYTES,
  type Page,
  type Root,
} from './page.ts'

/** A page that is not what it should be. */
export interface PageDamage {
  readonly page: number
  readonly what: string
}

/** Who is told of what is found on the way. */
export interface PageEvents {
  /** A page that can't be used. */
  damaged(damage: PageDamage): void
  /** `pages` pages that are in use, from `page` on. */
  used?(page: number, pages: number): void
}

/** Bounds of keys: `start` inclusive, `end` exclusive. */
export interface KeyBounds {
  readonly start: Uint8Array
  readonly end: Uint8Array
}

/** Deepest tree: of 2 ** 48 pages, with two children each at the very least. */
const MAX_DEPTH = 48

/** The store's file read page by page, without the library, which trusts what it reads. Holds one page a level. */
export class PageFile {
  readonly meta: Meta
  /** Pages of the file. */
  readonly pages: number
  readonly #descriptor: number
  readonly #events: PageEvents

  /** `file` has meta pages that were checked. */
  constructor(file: string, events: PageEvents) {
    this.#descriptor = openSync(file, 'r')
    this.#events = events
    this.meta = this.newestMeta()
    this.pages = Math.floor(fstatSync(this.#descriptor).size / this.meta.pageSize)
  }

  /** The meta page that counts now: a running writer writes them in turns. */
  newestMeta(): Meta {
    const first = decodeMeta(this.#read(0, 4096))
    const second = decodeMeta(this.#read(first.pageSize, 4096))
    return second.transaction > first.transaction ? second : first
  }

  /** Roots of the named databases. */
  databases(): Map<string, Root> {
    const roots = new Map<string, Root>()
    for (const node of this.leaves(this.meta.main)) {
      // A name ends with a NUL, as the library writes it.
      const name = node.key.toString('latin1').replace(/\0$/, '')
      if (node.kind === 'database') roots.set(name, node.root)
    }
    return roots
  }

  /** All nodes of a tree in the order of their keys; what lies below a damaged page is left out, and told. */
  *leaves(
    root: Root,
    bounds: KeyBounds | null = null,
    order: KeyOrder = Buffer.compare,
    depth = 0,
  ): Generator<LeafNode> {
    if (root === null) return
    const page = depth > MAX_DEPTH ? 'the tree is too deep' : this.page(root, order)
    if (typeof page === 'string') {
      this.#events.damaged({ page: root, what: page })
    } else if (page.kind === 'leaf') {
      for (const node of page.nodes) if (isWithin(node.key, bounds)) yield node
    } else {
      for (const [i, child] of page.children.entries()) {
        const next = page.children[i + 1]
        if (bounds !== null && next !== undefined && Buffer.compare(next.key, bounds.start) <= 0) continue
        if (bounds !== null && i > 0 && Buffer.compare(child.key, bounds.end) >= 0) return
        yield* this.leaves(child.page, bounds, order, depth + 1)
      }
    }
  }

  /** The entries of a tree; values that can't be read are left out, and told. */
  *entries(
    root: Root,
    bounds: KeyBounds | null = null,
    order: KeyOrder = Buffer.compare,
  ): Generator<{ key: Buffer; value: Buffer }> {
    for (const node of this.leaves(root, bounds, order)) {
      const value =
        node.kind === 'value' ? node.value : node.kind === 'overflow' ? this.value(node.place) : null
      if (value !== null) yield { key: node.key, value }
    }
  }

  /** Numbers of the free pages. */
  *freePages(): Generator<number> {
    for (const { key, value } of this.entries(this.meta.free, null, byNumber)) {
      const pages = decodeFreePages(value)
      if (pages === null)
        this.#events.damaged({ page: this.meta.free ?? 0, what: `entry ${key.toString('hex')} is no list` })
      else yield* pages
    }
  }

  /** A branch or leaf page, or what is wrong with it. */
  page(number: number, order: KeyOrder = Buffer.compare): Page | string {
    if (!this.#isIn(number, 1)) return 'it lies outside of the file'
    this.#events.used?.(number, 1)
    return decodePage(this.#read(number * this.meta.pageSize, this.meta.pageSize), number, order)
  }

  /** A value on pages of its own; null where these are damaged, which is told. */
  value(place: OverflowPlace): Buffer | null {
    const { page, pages, length } = place
    if (this.#isIn(page, pages)) this.#events.used?.(page, pages)
    const bytes = this.#isIn(page, pages)
      ? this.#read(page * this.meta.pageSize, pages * this.meta.pageSize)
      : null
    const what = bytes === null ? 'it lies outside of the file' : overflowDamage(bytes, place)
    if (what !== null) this.#events.damaged({ page, what })
    return what === null && bytes !== null
      ? bytes.subarray(PAGE_HEADER_BYTES, PAGE_HEADER_BYTES + length)
      : null
  }

  close(): void {
    closeSync(this.#descriptor)
  }

  #isIn(page: number, pages: number): boolean {
    const end = page + pages
    return page > 1 && pages > 0 && end <= this.pages && end <= this.meta.lastPage + 1
  }

  /** What lies behind the file's end counts as zeros. */
  #read(position: number, length: number): Buffer {
    const bytes = Buffer.alloc(length)
    readSync(this.#descriptor, bytes, 0, length, position)
    return bytes
  }
}

function isWithin(key: Buffer, bounds: KeyBounds | null): boolean {
  return bounds === null || (Buffer.compare(key, bounds.start) >= 0 && Buffer.compare(key, bounds.end) < 0)
}
