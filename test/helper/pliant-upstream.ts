import { request } from 'node:http'
import type { Test } from 'tap'
import { httpUpstream } from './http-upstream.ts'

/** An upstream that passes requests on to another, and does to its answers what the test wants. */
export interface PliantUpstream {
  readonly url: string
  /** Breaks the connection in place of the answers to these requests (method and target), once executed. */
  readonly broken: Set<string>
  /** Holds the answers to these back until {@link release}. */
  readonly held: Set<string>
  /** What these are answered with, without being passed on: 200 and this as JSON. */
  readonly canned: Map<string, unknown>
  /** Resolves once an answer is held. */
  reached(): Promise<void>
  release(): void
}

export async function pliantUpstream(t: Test, url: string): Promise<PliantUpstream> {
  const broken = new Set<string>()
  const held = new Set<string>()
  const canned = new Map<string, unknown>()
  let waiting: (() => void)[] = []
  let arrived = (): void => undefined
  const { hostname, port } = new URL(url)
  const own = await httpUpstream(t, (incoming, outgoing) => {
    const { method = '', url: path = '', rawHeaders } = incoming
    const name = `${method} ${path}`
    const answer = (status: number, body: Buffer): void => {
      const send = (): void => {
        if (broken.has(name)) outgoing.destroy()
        else outgoing.writeHead(status, { 'content-type': 'application/json' }).end(body)
      }
      if (held.has(name)) {
        waiting.push(send)
        arrived()
      } else send()
    }
    const forwarded = request({ hostname, port, method, path, headers: rawHeaders }, async (response) => {
      const chunks: Buffer[] = []
      for await (const chunk of response) chunks.push(chunk)
      answer(response.statusCode ?? 0, Buffer.concat(chunks))
    })
    if (canned.has(name)) {
      forwarded.destroy()
      forwarded.on('error', () => undefined)
      incoming.resume().on('end', () => answer(200, Buffer.from(JSON.stringify(canned.get(name)))))
    } else incoming.pipe(forwarded)
  })
  return {
    ...{ url: own, broken, held, canned },
    reached: () =>
      new Promise((done) => {
        if (waiting.length > 0) done()
        arrived = done
      }),
    release() {
      held.clear()
      for (const send of waiting) send()
      waiting = []
    },
  }
}
