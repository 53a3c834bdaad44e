import type { Tombstone } from './shape.ts'

/** An answer other than success; `code` is the API's, or `OFFLINE` where there was no answer. */
export class ApiError extends Error {
  readonly code: string
  readonly status: number
  readonly tombstone: Tombstone | null

  constructor(code: string, status: number, detail: string, tombstone: Tombstone | null = null) {
    super(detail)
    this.code = code
    this.status = status
    this.tombstone = tombstone
  }
}

/** Parameters of a request; undefined and '' are left out. */
export type Parameters = Readonly<Record<string, string | number | undefined>>

export interface RequestOptions {
  readonly accept?: string
  readonly lastEventId?: number
  readonly signal?: AbortSignal
}

/** The history API of the origin that the page came from. */
export class Client {
  readonly #token: () => string | null

  constructor(token: () => string | null) {
    this.#token = token
  }

  /** Resolves with the JSON of a successful answer; rejects with {@link ApiError}, or as aborted. */
  async json<Answer>(path: string, parameters: Parameters, signal?: AbortSignal): Promise<Answer> {
    const response = await this.open(path, parameters, signal === undefined ? {} : { signal })
    return (await response.json()) as Answer
  }

  /** Resolves with a successful answer whose body is yet to be read. */
  async open(path: string, parameters: Parameters, options: RequestOptions = {}): Promise<Response> {
    const { accept = 'application/json', lastEventId, signal } = options
    const headers = new Headers({ accept })
    const token = this.#token()
    if (token !== null) headers.set('authorization', `Bearer ${token}`)
    if (lastEventId !== undefined) headers.set('last-event-id', String(lastEventId))
    const init: RequestInit = { headers, credentials: 'omit', cache: 'no-store', redirect: 'error' }
    if (signal !== undefined) init.signal = signal
    let response: Response
    try {
      response = await fetch(`${path}${queryText(parameters)}`, init)
    } catch (error) {
      if (signal?.aborted) throw error
      throw new ApiError('OFFLINE', 0, String(error))
    }
    if (!response.ok) throw await problemOf(response)
    return response
  }
}

/** The path of a key's resource. */
export function keyPath(key: string, resource: string): string {
  return `/v1/keys/${encodeURIComponent(key)}/${resource}`
}

function queryText(parameters: Parameters): string {
  const query = new URLSearchParams()
  for (const [name, value] of Object.entries(parameters)) {
    if (value !== undefined && value !== '') query.set(name, String(value))
  }
  const text = query.toString()
  return text === '' ? '' : `?${text}`
}

async function problemOf(response: Response): Promise<ApiError> {
  const problem = (await response.json().catch(() => ({}))) as {
    code?: string
    detail?: string
    tombstone?: Tombstone
  }
  const { code = 'INTERNAL', detail = '', tombstone = null } = problem
  return new ApiError(code, response.status, detail, tombstone)
}
