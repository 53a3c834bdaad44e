import type { Socket } from 'node:net'
import type { Test } from 'tap'
import { rawUpstream } from './raw-upstream.ts'

/** A request as the lenient upstream understood it. */
export interface Executed {
  readonly method: string
  readonly target: string
  readonly body: string
}

export interface LenientUpstream {
  readonly url: string
  readonly executed: Executed[]
  /** What it answers to a target with `answer=NAME` in its query, as bytes; it ends the connection after that. */
  readonly answers: Map<string, string>
}

const SUCCESS = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}'

/**
 * A server that reads whatever can somehow be read as a request, as the most careless ones do: bare LF and CR end
 * lines, underscores are hyphens, folded lines go on, any coding that says `chunked` is that, a length is what
 * parseInt makes of it. What a smuggler hides from keytrail shows here as a request more.
 */
export async function lenientUpstream(t: Test): Promise<LenientUpstream> {
  const executed: Executed[] = []
  const answers = new Map<string, string>()
  const { url } = await rawUpstream(t, (connection) => {
    for (let next = read(connection.received); next !== null; next = read(connection.received)) {
      connection.received = connection.received.slice(next.length)
      executed.push(next.request)
      reply(connection.socket, next.request, answers)
    }
  })
  return { url, executed, answers }
}

function reply(socket: Socket, { method, target }: Executed, answers: LenientUpstream['answers']): void {
  const answer = answers.get(/[?&]answer=([\w-]+)/.exec(target)?.[1] ?? '')
  if (answer === undefined) socket.write(method === 'HEAD' ? SUCCESS.slice(0, -2) : SUCCESS)
  else socket.end(answer, 'latin1')
}

/** The first request in `text`, and how much of it that is; null while it isn't whole. */
function read(text: string): { request: Executed; length: number } | null {
  const blank = /(?:\r\n|\n|\r(?!\n)){2}/.exec(text.replace(/^[\r\n]+/, (lead) => ' '.repeat(lead.length)))
  if (blank === null) return null
  const head = text.slice(0, blank.index).trimStart()
  const rest = text.slice(blank.index + blank[0].length)
  const [line = '', ...fields] = head.replace(/\r?\n[ \t]+/g, ' ').split(/\r\n|\n|\r/)
  const [method = '', target = ''] = line.trim().split(/\s+/)
  let coding = ''
  let size = 0
  for (const field of fields) {
    const [name = '', value = ''] = field.split(/:(.*)/s)
    const known = name.trim().toLowerCase().replaceAll('_', '-')
    if (known === 'transfer-encoding') coding += value
    if (known === 'content-length') size = Number.parseInt(value, 10) || 0
  }
  const body = /chunked/i.test(coding) ? readChunks(rest) : readBytes(rest, size)
  if (body === null) return null
  return { request: { method, target, body: body.text }, length: text.length - rest.length + body.length }
}

interface Body {
  readonly text: string
  readonly length: number
}

function readBytes(text: string, size: number): Body | null {
  return text.length < size ? null : { text: text.slice(0, size), length: size }
}

function readChunks(text: string): Body | null {
  let body = ''
  for (let at = 0; ; ) {
    const line = /^[^\n]*\n/.exec(text.slice(at))?.[0]
    if (line === undefined) return null
    const size = Number.parseInt(line, 16) || 0
    at += line.length
    if (size === 0) {
      const end = /^(?:[^\r\n]+\r?\n)*\r?\n/.exec(text.slice(at))?.[0]
      return end === undefined ? null : { text: body, length: at + end.length }
    }
    if (text.length < at + size + 2) return null
    body += text.slice(at, at + size)
    at += size
    at += /^\r?\n/.exec(text.slice(at))?.[0].length ?? 0
  }
}
