import { type ClientRequest, type IncomingMessage, request } from 'node:http'
import { isDeepStrictEqual } from 'node:util'
import { CHECK_KEY, ECHO_KEY, REQUEST_BODY, REQUEST_HEADERS, targetOf } from './exchange.ts'
import type { Hop } from './hop/hop.ts'

/** An exchange as both ends saw it, without what belongs to each connection alone (RFC 9110 7.6.1). */
interface Seen {
  readonly status: string
  readonly headers: readonly string[]
  readonly body: string
  /** Request line and body as they came to the upstream, and the sorted headers between. */
  readonly upstream: readonly string[]
}

/** Throws unless one exchange through `hop` is to the byte what it is without anything in between. */
export async function checkExchange(hop: Hop, upstreamUrl: string): Promise<void> {
  const [expected, found] = [await see(upstreamUrl), await see(hop.url)]
  if (isDeepStrictEqual(expected, found)) return
  const [want, got] = [JSON.stringify(expected, null, 1), JSON.stringify(found, null, 1)]
  throw new Error(`${hop.name} changes the exchange: expected ${want}, found ${got}`)
}

async function see(url: string): Promise<Seen> {
  const usual = await send(url, targetOf(CHECK_KEY))
  const echo = await send(url, targetOf(ECHO_KEY))
  const end = echo.body.indexOf('\r\n\r\n')
  const [line = '', ...fields] = echo.body.slice(0, end).split('\r\n')
  const upstream = [line, ...fields.map(lowerName).filter(isEndToEnd).sort(), echo.body.slice(end + 4)]
  return { ...usual, upstream }
}

async function send(url: string, path: string): Promise<Omit<Seen, 'upstream'>> {
  const headers = [...REQUEST_HEADERS, 'Content-Length', String(REQUEST_BODY.length)]
  const call = request(new URL(path, url), { method: 'POST', headers, agent: false })
  const answer = await answerOf(call)
  const chunks: Buffer[] = []
  for await (const chunk of answer) chunks.push(chunk as Buffer)
  const lines: string[] = []
  for (let i = 0; i + 1 < answer.rawHeaders.length; i += 2)
    lines.push(lowerName(`${answer.rawHeaders[i]}: ${answer.rawHeaders[i + 1]}`))
  return {
    status: `${answer.statusCode} ${answer.statusMessage}`,
    headers: lines.filter(isEndToEnd),
    body: Buffer.concat(chunks).toString('latin1'),
  }
}

function answerOf(call: ClientRequest): Promise<IncomingMessage> {
  return new Promise((done, fail) => {
    call.on('response', done)
    call.on('error', fail)
    call.end(REQUEST_BODY)
  })
}

/** Names may change their case (RFC 9110 5.1), values not. */
function lowerName(field: string): string {
  const colon = field.indexOf(':')
  return field.slice(0, colon).toLowerCase() + field.slice(colon)
}

function isEndToEnd(field: string): boolean {
  return !field.startsWith('connection:') && !field.startsWith('keep-alive:')
}
