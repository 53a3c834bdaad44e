import { join } from 'node:path'
import t, { type Test } from 'tap'
import { type HttpMessage, readMessage } from '../helper/http-message.ts'
import { sendRaw } from '../helper/raw-client.ts'
import { rawUpstream } from '../helper/raw-upstream.ts'
import { runProxy } from '../proxy/running-proxy.ts'
import { corpus, type Sample } from './fidelity/corpus.ts'
import { difference } from './fidelity/difference.ts'

const COUNT = 600

/** A dialect that lets every form of a path pass. */
const DIALECT = `name: any
title: any
success: { status: 2xx }
error: [{ body: '{"message":"{reason}"}' }]
requester: []
allow: [dot-segment, empty-segment, trailing-slash, encoded-slash, backslash, path-parameter, encoded-delimiter, double-encoding, raw-non-ascii]
routes:
  - ANY /{rest+} -> other manage
`

interface Stage {
  readonly url: string
  /** What the upstream answers next. */
  sample: Sample | null
  /** What it got. */
  readonly seen: HttpMessage[]
}

async function stage(t: Test): Promise<Stage> {
  const seen: HttpMessage[] = []
  const upstream = await rawUpstream(t, (connection) => {
    const message = readMessage(connection.received)
    if (message === null) return
    connection.received = connection.received.slice(message.length)
    seen.push(message)
    const { answer = '', endless = false } = stage.sample ?? {}
    if (endless) connection.socket.end(answer, 'latin1')
    else connection.socket.write(answer, 'latin1')
  })
  const dialect = join(t.testdir({ 'any.yaml': DIALECT }), 'any.yaml')
  const { url } = await runProxy(t, upstream.url, { dialect })
  const stage: Stage = { url, sample: null, seen }
  return stage
}

/** The messages in `text`: interim answers and the answer. */
function readAnswers(text: string, request: string): HttpMessage[] {
  const messages: HttpMessage[] = []
  for (let rest = text; rest !== ''; ) {
    const status = Number(rest.slice(9, 12))
    const bodiless = status < 200 || status === 204 || status === 304 || request.startsWith('HEAD ')
    const message = readMessage(rest, { bodiless })
    if (message === null) return messages
    messages.push(message)
    rest = rest.slice(message.length)
  }
  return messages
}

t.test('what goes through is what was sent, both ways', { timeout: 120_000 }, async (t) => {
  const running = await stage(t)
  const differences: string[] = []
  let interim = 0
  for (const [i, sample] of corpus(COUNT).entries()) {
    running.sample = sample
    running.seen.length = 0
    const answer = await sendRaw(running.url, sample.request)
    const note = (what: string | null): unknown => what !== null && differences.push(`${i}: ${what}`)
    const asked = readMessage(sample.request)
    const [seen] = running.seen
    if (asked === null || seen === undefined || running.seen.length !== 1) {
      note(`${running.seen.length} requests: ${sample.request.slice(0, 200)} -> ${answer.slice(0, 200)}`)
      continue
    }
    note(difference(asked, seen))
    const told = readAnswers(sample.answer, sample.request)
    const heard = readAnswers(answer, sample.request)
    interim += told.length - 1
    if (told.length !== heard.length) note(`${told.length} answers -> ${heard.length}`)
    for (const [n, one] of told.entries()) {
      const other = heard[n]
      if (other !== undefined) note(difference(one, other))
    }
  }
  t.strictSame(differences, [])
  t.ok(interim > COUNT / 10, 'interim answers among them')
  t.comment(`${differences.length} differences in ${COUNT} exchanges and ${interim} interim answers`)
})
