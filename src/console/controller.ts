import { formatView, parseView, type View } from './address.ts'
import { ApiError, Client } from './api/client.ts'
import type { AuditRecord, KeysAnswer, TombstonesAnswer } from './api/shape.ts'
import { type ExportName, exportFile } from './model/export-file.ts'
import { KeyHistory } from './model/key-history.ts'
import { Listing } from './model/listing.ts'
import type { Actions, PageState } from './page-state.ts'
import type { Preferences } from './preferences.ts'
import { english } from './text/english.ts'
import { korean } from './text/korean.ts'
import { formatsOf } from './time-text.ts'

const KEYS_PAGE = 50
/** Keys found by a rare word may lie on a later page of what was looked at. */
const MOST_EMPTY_PAGES = 20
const COPIED_MS = 2000

/** Holds what the page shows and does what the reader asks; whoever owns it renders {@link Controller.state}. */
export class Controller {
  readonly #preferences: Preferences
  readonly #clock: () => number
  readonly #changed: () => void
  readonly #client: Client
  #view: View = { page: 'keys', q: '' }
  #signIn: PageState['signIn'] = 'no'
  #keys: Listing<KeysAnswer> | null = null
  #tombstones: Listing<TombstonesAnswer> | null = null
  #history: KeyHistory | null = null
  #record: AuditRecord | null = null
  #rangeOpen = false
  #copied = false

  constructor(preferences: Preferences, clock: () => number, changed: () => void) {
    this.#preferences = preferences
    this.#clock = clock
    this.#changed = () => {
      this.#checkSession()
      changed()
    }
    this.#client = new Client(() => preferences.token)
  }

  get state(): PageState {
    const { language, theme, zone, token } = this.#preferences
    return {
      view: this.#view,
      texts: language === 'ko' ? korean : english,
      formats: formatsOf(language, zone),
      ...{ language, theme, zone },
      now: this.#clock(),
      signIn: this.#signIn,
      signedIn: token !== null,
      keys: this.#keys,
      tombstones: this.#tombstones,
      history: this.#history,
      record: this.#record,
      rangeOpen: this.#rangeOpen,
      copied: this.#copied,
    }
  }

  readonly actions: Actions = {
    go: (view, how = 'push') => {
      const url = formatView(view)
      if (how === 'push' && url !== location.search) history.pushState(null, '', url)
      else history.replaceState(null, '', url)
      this.show()
    },
    setLanguage: (language) => this.#prefer({ language }),
    setTheme: (theme) => this.#prefer({ theme }),
    setZone: (zone) => this.#prefer({ zone }),
    signIn: (token) => {
      this.#preferences.token = token
      this.#signIn = 'no'
      this.#reset()
      this.show()
    },
    signOut: () => {
      this.#preferences.token = null
      this.#reset()
      this.#signIn = 'needed'
      this.#changed()
    },
    openRecord: (record) => {
      this.#record = record
      this.#copied = false
      this.#changed()
    },
    openRange: (open) => {
      this.#rangeOpen = open
      this.#changed()
    },
    setLive: (on) => {
      if (!on) this.#history?.unfollow()
      else if (this.#history !== null) void this.#follow(this.#history)
      this.#changed()
    },
    pauseLive: (reason, paused) => this.#history?.pause(reason, paused),
    exportAs: (name) => void this.#export(name),
    copyRecord: () => void this.#copy(),
    reload: () => this.show(),
  }

  /** Shows what the address bar says. */
  show(): void {
    this.#view = parseView(location.search)
    this.#record = null
    this.#rangeOpen = false
    const view = this.#view
    if (view.page === 'keys') this.#showKeys(view.q)
    if (view.page === 'destroyed') this.#showTombstones()
    const previous = this.#history
    const same = view.page === 'key' && previous?.view.key === view.key ? previous : null
    const following = same !== null && same.live !== null
    previous?.close()
    this.#history = null
    if (view.page === 'key') {
      const { client, clock, changed } = { client: this.#client, clock: this.#clock, changed: this.#changed }
      const next = new KeyHistory({ client, view, clock, changed, previous: same })
      this.#history = next
      void next.load().then(() => {
        if (following && this.#history === next) next.follow()
      })
    }
    this.#changed()
  }

  #showKeys(q: string): void {
    const previous = this.#keys
    previous?.close()
    const listing = new Listing((cursor, signal) => this.#fetchKeys(q, cursor, signal), this.#changed)
    listing.page = previous?.page ?? null
    this.#keys = listing
    void listing.first()
  }

  /** A page may be empty although more follow: the API looks at so many keys for one answer. */
  async #fetchKeys(q: string, cursor: string | undefined, signal: AbortSignal): Promise<KeysAnswer> {
    const parameters = { order: 'last-use', q, limit: KEYS_PAGE }
    for (let tries = 1, from = cursor; ; tries++) {
      const page = await this.#client.json<KeysAnswer>('/v1/keys', { ...parameters, cursor: from }, signal)
      if (page.keys.length > 0 || page.nextCursor === null || tries === MOST_EMPTY_PAGES) return page
      from = page.nextCursor
    }
  }

  #showTombstones(): void {
    this.#tombstones ??= new Listing(
      (cursor, signal) => this.#client.json('/v1/tombstones', { limit: KEYS_PAGE, cursor }, signal),
      this.#changed,
    )
    void this.#tombstones.first()
  }

  /** Live records go on top of the newest page, so that page is shown first. */
  async #follow(shown: KeyHistory): Promise<void> {
    if (shown.listing.index > 0 || shown.listing.page === null) await shown.listing.first()
    if (this.#history === shown) shown.follow()
  }

  async #export(name: ExportName): Promise<void> {
    const shown = this.#history
    if (shown === null || shown.exporting) return
    shown.exporting = true
    shown.exportError = null
    this.#changed()
    try {
      await exportFile(this.#client, shown.view.key, shown.parameters(), name)
    } catch (error) {
      shown.exportError = error instanceof ApiError ? error : new ApiError('INTERNAL', 0, String(error))
    }
    shown.exporting = false
    this.#changed()
  }

  async #copy(): Promise<void> {
    if (this.#record === null) return
    await navigator.clipboard.writeText(JSON.stringify(this.#record, null, 2)).catch(() => {})
    this.#copied = true
    this.#changed()
    setTimeout(() => {
      this.#copied = false
      this.#changed()
    }, COPIED_MS)
  }

  #prefer(chosen: Partial<Pick<Preferences, 'language' | 'theme' | 'zone'>>): void {
    Object.assign(this.#preferences, chosen)
    this.#changed()
  }

  /** Whatever is shown was allowed to whoever was signed in before. */
  #reset(): void {
    this.#keys?.close()
    this.#tombstones?.close()
    this.#history?.close()
    this.#keys = null
    this.#tombstones = null
    this.#history = null
    this.#record = null
  }

  #checkSession(): void {
    const shown = { keys: this.#keys, destroyed: this.#tombstones, key: this.#history?.listing ?? null }
    const refused = shown[this.#view.page]?.error?.code === 'UNAUTHENTICATED'
    if (!refused || this.#signIn !== 'no') return
    this.#signIn = this.#preferences.token === null ? 'needed' : 'refused'
    this.#preferences.token = null
  }
}
