/** One server-sent event; `id` is the newest that was seen, '' before the first. */
export interface StreamEvent {
  readonly id: string
  readonly event: string
  readonly data: string
}

/**
 * Reads server-sent events (WHATWG HTML 9.2.6) from a response: EventSource itself can't send a token. Yields for
 * every block, also those without data, because their id counts.
 */
export async function* eventsOf(body: ReadableStream<Uint8Array>): AsyncGenerator<StreamEvent> {
  const reader = body
    .pipeThrough(new TextDecoderStream() as ReadableWritablePair<string, Uint8Array>)
    .getReader()
  let id = ''
  let buffered = ''
  try {
    for (;;) {
      const { done, value } = await reader.read()
      if (done) return
      buffered += value
      for (let end = buffered.indexOf('\n\n'); end !== -1; end = buffered.indexOf('\n\n')) {
        const fields = new Map(buffered.slice(0, end).split('\n').map(fieldOf))
        buffered = buffered.slice(end + 2)
        id = fields.get('id') ?? id
        yield { id, event: fields.get('event') ?? 'message', data: fields.get('data') ?? '' }
      }
    }
  } finally {
    await reader.cancel().catch(() => {})
  }
}

function fieldOf(line: string): [string, string] {
  const colon = line.indexOf(':')
  const value = line.slice(colon + 1)
  return [line.slice(0, Math.max(0, colon)), value.startsWith(' ') ? value.slice(1) : value]
}
