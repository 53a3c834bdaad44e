import { ApiError } from '../api/client.ts'

/** One page of a listing that goes on by cursor, with the way back. */
export class Listing<Page extends { readonly nextCursor: string | null }> {
  /** The page shown; also while the next one is on its way. */
  page: Page | null = null
  error: ApiError | null = null
  loading = false
  readonly #fetch: (cursor: string | undefined, signal: AbortSignal) => Promise<Page>
  readonly #changed: () => void
  /** Cursors of the pages so far; the last one is that of the page shown. */
  #cursors: (string | undefined)[] = [undefined]
  #running: AbortController | null = null

  constructor(
    fetch: (cursor: string | undefined, signal: AbortSignal) => Promise<Page>,
    changed: () => void,
  ) {
    this.#fetch = fetch
    this.#changed = changed
  }

  /** How many pages lie before the one shown. */
  get index(): number {
    return this.#cursors.length - 1
  }

  first(): Promise<void> {
    this.#cursors = [undefined]
    return this.reload()
  }

  next(): Promise<void> {
    const cursor = this.page?.nextCursor
    if (cursor === null || cursor === undefined) return Promise.resolve()
    this.#cursors.push(cursor)
    return this.reload()
  }

  previous(): Promise<void> {
    if (this.#cursors.length > 1) this.#cursors.pop()
    return this.reload()
  }

  /** Asks for the page shown again; an answer to an earlier question is dropped. */
  async reload(): Promise<void> {
    this.#running?.abort()
    const running = new AbortController()
    this.#running = running
    this.loading = true
    this.#changed()
    try {
      const page = await this.#fetch(this.#cursors.at(-1), running.signal)
      if (this.#running !== running) return
      this.page = page
      this.error = null
    } catch (error) {
      if (this.#running !== running) return
      this.error = error instanceof ApiError ? error : new ApiError('INTERNAL', 0, String(error))
    }
    this.loading = false
    this.#changed()
  }

  close(): void {
    this.#running?.abort()
    this.#running = null
  }
}
