/**
 * LMDB's pages as they stand in the file (mdb.c of lmdb 3; little-endian), decoded with every offset checked: the
 * library itself trusts them, and a flipped bit takes the whole process down. Pure.
 *
 *     page   0 u64 its number   8 u64 transaction   18 u16 flags   20 u16 lower   22 u16 upper, or 20 u32 pages
 *            24 offsets of the nodes (u16, from 24 on) up to `lower`; the nodes from `upper` on
 *     node   0 u32 bytes of data, or number of the child with 4 u16 as its top   4 u16 flags   6 u16 bytes of key
 *            8 key, then data: the value, the place of one that has pages of its own, or a database
 */
export const PAGE_HEADER_BYTES = 24
const NODE_HEADER_BYTES = 8
const BRANCH = 1
const LEAF = 2
const OVERFLOW = 4
const BIG_DATA = 1
const SUB_DATABASE = 2
const OVERFLOW_PLACE_BYTES = 24
const DATABASE_BYTES = 48
/** What stands for the root of an empty tree. */
const NO_PAGE = 0xffff_ffff_ffff_ffffn

/** The root of a tree; null for an empty one. */
export type Root = number | null

export interface Meta {
  readonly pageSize: number
  readonly lastPage: number
  readonly transaction: number
  /** The tree of free pages. */
  readonly free: Root
  /** The tree of named databases. */
  readonly main: Root
}

/** A value on pages of its own. */
export interface OverflowPlace {
  readonly page: number
  readonly pages: number
  readonly length: number
}

export type LeafNode = { readonly key: Buffer } & (
  | { readonly kind: 'value'; readonly value: Buffer }
  | { readonly kind: 'overflow'; readonly place: OverflowPlace }
  | { readonly kind: 'database'; readonly root: Root }
)

export type Page =
  | { readonly kind: 'branch'; readonly children: readonly { readonly key: Buffer; readonly page: number }[] }
  | { readonly kind: 'leaf'; readonly nodes: readonly LeafNode[] }

/** The meta page whose bytes these are; whoever calls has checked its magic number and version. */
export function decodeMeta(bytes: Buffer): Meta {
  return {
    pageSize: bytes.readUInt32LE(48),
    free: rootAt(bytes, 48),
    main: rootAt(bytes, 96),
    lastPage: numberAt(bytes, 144),
    transaction: numberAt(bytes, 152),
  }
}

/** Compares keys of a tree. */
export type KeyOrder = (one: Uint8Array, other: Uint8Array) => number

/** The order of the tree of free pages, whose keys are transactions: little-endian numbers. */
export const byNumber: KeyOrder = (one, other) =>
  Buffer.compare(Buffer.from(one).reverse(), Buffer.from(other).reverse())

/**
 * The branch or leaf page that should be `number`, of a tree in that order, or what is wrong with it. Its buffers are
 * views.
 */
export function decodePage(bytes: Buffer, number: number, order: KeyOrder): Page | string {
  if (numberAt(bytes, 0) !== number) return 'it has another number'
  const flags = bytes.readUInt16LE(18)
  if (flags !== BRANCH && flags !== LEAF) return `its kind is ${flags}`
  const lower = bytes.readUInt16LE(20)
  const upper = bytes.readUInt16LE(22)
  if (lower % 2 !== 0 || lower > upper || upper > bytes.length - PAGE_HEADER_BYTES || lower === 0)
    return 'its bounds are none'
  const offsets = Array.from({ length: lower / 2 }, (_, i) => bytes.readUInt16LE(PAGE_HEADER_BYTES + 2 * i))
  const least = (offset: number): boolean =>
    offset >= upper && offset + PAGE_HEADER_BYTES + NODE_HEADER_BYTES <= bytes.length
  if (!offsets.every(least)) return 'a node lies outside'
  const nodes = offsets.map((offset) => bytes.subarray(PAGE_HEADER_BYTES + offset))
  return flags === BRANCH ? branchPage(nodes, order) : leafPage(nodes, order)
}

function branchPage(nodes: readonly Buffer[], order: KeyOrder): Page | string {
  const children: { key: Buffer; page: number }[] = []
  for (const node of nodes) {
    const key = keyOf(node)
    if (key === null) return 'a key is cut'
    children.push({ key, page: node.readUInt32LE(0) + node.readUInt16LE(4) * 2 ** 32 })
  }
  // The first child's key stands for everything below the second's.
  return isSorted(children.slice(1), order) ? { kind: 'branch', children } : 'its keys are not in order'
}

function leafPage(nodes: readonly Buffer[], order: KeyOrder): Page | string {
  const found: LeafNode[] = []
  for (const node of nodes) {
    const decoded = leafNode(node)
    if (decoded === null) return 'a node is cut'
    found.push(decoded)
  }
  return isSorted(found, order) ? { kind: 'leaf', nodes: found } : 'its keys are not in order'
}

function leafNode(node: Buffer): LeafNode | null {
  const key = keyOf(node)
  if (key === null) return null
  const length = node.readUInt32LE(0)
  const data = node.subarray(NODE_HEADER_BYTES + key.length)
  const flags = node.readUInt16LE(4)
  if (flags === BIG_DATA) {
    if (data.length < OVERFLOW_PLACE_BYTES) return null
    return { key, kind: 'overflow', place: { page: numberAt(data, 0), pages: numberAt(data, 16), length } }
  }
  if (data.length < length) return null
  if (flags === SUB_DATABASE)
    return length === DATABASE_BYTES ? { key, kind: 'database', root: rootAt(data, 0) } : null
  return flags === 0 ? { key, kind: 'value', value: data.subarray(0, length) } : null
}

function keyOf(node: Buffer): Buffer | null {
  const end = NODE_HEADER_BYTES + node.readUInt16LE(6)
  return end <= node.length ? node.subarray(NODE_HEADER_BYTES, end) : null
}

function isSorted(nodes: readonly { readonly key: Buffer }[], order: KeyOrder): boolean {
  return nodes.every(({ key }, i) => i === 0 || order((nodes[i - 1] as { key: Buffer }).key, key) < 0)
}

/** What is wrong with the first of `pages` overflow pages; null where nothing is. */
export function overflowDamage(bytes: Buffer, { page, pages, length }: OverflowPlace): string | null {
  if (numberAt(bytes, 0) !== page) return 'it has another number'
  if (bytes.readUInt16LE(18) !== OVERFLOW) return `its kind is ${bytes.readUInt16LE(18)}`
  const found = bytes.readUInt32LE(20)
  return found === pages && length <= bytes.length - PAGE_HEADER_BYTES ? null : 'its length is another'
}

/** Page numbers in a value of the tree of free pages: a count, then each, or (negative) a count of a run and its first. */
export function decodeFreePages(value: Buffer): number[] | null {
  const count = numberAt(value, 0)
  if (value.length < 8 * (count + 1)) return null
  const pages: number[] = []
  for (let i = 1; i <= count; i++) {
    const entry = Number(value.readBigInt64LE(8 * i))
    if (entry > 0) pages.push(entry)
    if (entry >= 0) continue
    const first = ++i <= count ? numberAt(value, 8 * i) : 0
    if (first === 0 || -entry > 2 ** 32) return null
    for (let page = first; page < first - entry; page++) pages.push(page)
  }
  return pages
}

function rootAt(bytes: Buffer, database: number): Root {
  const root = bytes.readBigUInt64LE(database + 40)
  return root === NO_PAGE ? null : Number(root)
}

function numberAt(bytes: Buffer, offset: number): number {
  return Number(bytes.readBigUInt64LE(offset))
}
