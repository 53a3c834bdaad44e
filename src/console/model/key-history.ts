import type { KeyView } from '../address.ts'
import { type ApiError, type Client, keyPath, type Parameters } from '../api/client.ts'
import type { AuditRecord, HistogramAnswer, HistoryAnswer, KeyAnswer, Tombstone } from '../api/shape.ts'
import { boundsOf, bucketsOf } from '../period.ts'
import { Listing } from './listing.ts'
import { LiveRecords } from './live-records.ts'

/** Records of one page, and the most that live ones make of it. */
export const PAGE = 100
const MOST_LIVE = 500
/** The picture follows live records this much behind, and the keyboard by less. */
const PICTURE_LIVE_MS = 3000
const PICTURE_TYPING_MS = 200

/** Why new records wait: the reader points at the table, has scrolled within it, or past its head. */
export type Pause = 'pointer' | 'table' | 'page'

export interface KeyHistoryOptions {
  readonly client: Client
  readonly view: KeyView
  readonly clock: () => number
  readonly changed: () => void
  /** What was shown before of the same key, shown on until the answers are there. */
  readonly previous: KeyHistory | null
}

/** One key's history as the view asks for it. */
export class KeyHistory {
  readonly view: KeyView
  readonly listing: Listing<HistoryAnswer>
  summary: KeyAnswer | null = null
  histogram: HistogramAnswer | null = null
  tombstone: Tombstone | null = null
  live: LiveRecords | null = null
  liveError: ApiError | null = null
  /** Records that came while the reader was reading, newest first. */
  held: AuditRecord[] = []
  /** Live records that could not be had any more. */
  missed = 0
  /** New ones among the shown, for a moment. */
  fresh: ReadonlySet<number> = new Set()
  exporting = false
  exportError: ApiError | null = null
  readonly #pauses = new Set<Pause>()
  readonly #options: KeyHistoryOptions
  readonly #bounds: { readonly from: number; readonly to: number | undefined }
  readonly #closed = new AbortController()
  #pictureTimer: ReturnType<typeof setTimeout> | undefined

  constructor(options: KeyHistoryOptions) {
    const { client, view, clock, changed, previous } = options
    this.#options = options
    this.view = view
    this.#bounds = boundsOf(view.period, clock())
    this.listing = new Listing(
      (cursor, signal) =>
        client.json(keyPath(view.key, 'history'), { ...this.parameters(), limit: PAGE, cursor }, signal),
      changed,
    )
    if (previous !== null) {
      this.listing.page = previous.listing.page
      this.histogram = previous.histogram
      this.summary = previous.summary
    }
  }

  /** What the table, the picture and an export have in common. */
  parameters(): Parameters {
    return { ...this.#bounds, ...this.view.filter }
  }

  async load(): Promise<void> {
    const { previous } = this.#options
    const page = this.listing.first()
    clearTimeout(this.#pictureTimer)
    this.#pictureTimer = setTimeout(() => this.#loadPicture(), previous === null ? 0 : PICTURE_TYPING_MS)
    await page
    this.tombstone = this.listing.error?.tombstone ?? null
    this.#options.changed()
  }

  get canFollow(): boolean {
    return this.view.period.kind === 'last'
  }

  follow(): void {
    const position = this.listing.page?.coverage.head.seq
    if (this.live !== null || !this.canFollow || position === undefined) return
    const { client, changed } = this.#options
    this.liveError = null
    this.live = new LiveRecords(client, this.view.key, this.view.filter, position, {
      record: (record) => this.#take(record),
      evicted: (records) => {
        this.missed += records
        changed()
      },
      destroyed: (tombstone) => {
        this.tombstone = tombstone
        this.unfollow()
      },
      failed: (error) => {
        this.liveError = error
        this.unfollow()
      },
      changed,
    })
    void this.live.run()
    changed()
  }

  unfollow(): void {
    this.live?.stop()
    this.live = null
    if (this.held.length > 0) this.#show(this.held.splice(0))
    this.#options.changed()
  }

  /** While there is a reason to pause, live records wait beside the table. */
  pause(reason: Pause, paused: boolean): void {
    if (this.#pauses.has(reason) === paused) return
    if (paused) this.#pauses.add(reason)
    else this.#pauses.delete(reason)
    if (this.#pauses.size === 0 && this.held.length > 0) this.#show(this.held.splice(0))
    this.#options.changed()
  }

  close(): void {
    this.unfollow()
    this.listing.close()
    this.#closed.abort()
    clearTimeout(this.#pictureTimer)
  }

  #take(record: AuditRecord): void {
    if (this.#pauses.size > 0) {
      this.held.unshift(record)
      if (this.held.length > MOST_LIVE) this.held.pop()
    } else this.#show([record])
    this.#options.changed()
  }

  /** Puts new records (newest first) on top of the first page. */
  #show(records: readonly AuditRecord[]): void {
    const { page } = this.listing
    const newest = records[0]
    if (page === null || newest === undefined) return
    this.fresh = new Set(records.map(({ seq }) => seq))
    this.listing.page = {
      ...page,
      records: [...records, ...page.records].slice(0, MOST_LIVE),
      total: page.total === null ? null : page.total + records.length,
    }
    this.#pictureTimer ??= setTimeout(() => this.#loadPicture(), PICTURE_LIVE_MS)
  }

  async #loadPicture(): Promise<void> {
    const { client, view, changed } = this.#options
    this.#pictureTimer = undefined
    const { signal } = this.#closed
    try {
      const buckets = bucketsOf(view.period)
      const [histogram, summary] = await Promise.all([
        client.json<HistogramAnswer>(
          keyPath(view.key, 'histogram'),
          { ...this.parameters(), buckets },
          signal,
        ),
        this.summary ?? client.json<KeyAnswer>(`/v1/keys/${encodeURIComponent(view.key)}`, {}, signal),
      ])
      this.histogram = histogram
      this.summary = summary
      changed()
    } catch {
      // The table says what is wrong; without a picture it is as good as before.
      return
    }
  }
}
