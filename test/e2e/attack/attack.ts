/** One attack: what a client sends, and what must come of it. */
export interface Attack {
  readonly name: string
  /** Sent one after the other, latin1; `{k}` is the case's own key. */
  readonly send: readonly string[]
  /** What the upstream must have executed, in order, as `METHOD(body)`. */
  readonly executed: readonly string[]
  /** Status of the refusal that ends it; 0 where the connection goes on. */
  readonly refused: number
  /** Only with a parser that is strict about ends of lines (Node 20.19.2 and later). */
  readonly strict: boolean
}

type Expected = number | string

/** The case `name`; `expected` are executed requests and, at most one and last, the status of a refusal. */
export function attack(name: string, send: string | readonly string[], ...expected: Expected[]): Attack {
  return {
    name,
    send: typeof send === 'string' ? [send] : send,
    executed: expected.filter((one) => typeof one === 'string'),
    refused: expected.find((one) => typeof one === 'number') ?? 0,
    strict: false,
  }
}

/** The same, for what older parsers let pass. */
export function strictly(name: string, send: string | readonly string[], ...expected: Expected[]): Attack {
  return { ...attack(name, send, ...expected), strict: true }
}

/** A request for the case's key with more `headers` (each with its CRLF) than Host. */
export function request(headers: string, body = '', method = 'POST'): string {
  return `${method} /k/{k} HTTP/1.1\r\nHost: a\r\n${headers}\r\n${body}`
}

/** A request with a chunked body as it is sent. */
export function chunked(body: string, method = 'POST'): string {
  return request('Transfer-Encoding: chunked\r\n', body, method)
}

/** What a smuggler would like to have executed. */
export const HIDDEN = 'DELETE /k/{k}-hidden HTTP/1.1\r\nHost: a\r\n\r\n'
