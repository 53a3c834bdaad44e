import { join } from 'node:path'
import t from 'tap'
import { countingUpstream } from '../helper/counting-upstream.ts'
import { encryptRequest, load } from '../helper/raw-load.ts'
import { runSidecar } from '../helper/running-sidecar.ts'
import { canTrace, type SystemCall, traceCalls } from '../helper/system-calls.ts'
import { unchecked } from '../helper/unchecked.ts'

/** What is loaded when it is first needed is not looked at. */
const WARM_UP = 1
const EXCHANGES = 5
const skip = canTrace() ? false : unchecked('strace is not installed or may not trace')

t.test(
  'strict: what is written to the journal is synced before anybody sees anything of it',
  { skip },
  async (t) => {
    const upstream = await countingUpstream(t, () => undefined)
    const sidecar = await runSidecar(t, upstream, {
      // A traced process is a slow one.
      journal: { segmentSize: '1MiB', queue: '256KiB', deadline: '60s' },
    })
    let sent = 0
    const sendUntil = (last: number): Promise<void> =>
      load({
        url: sidecar.api,
        connections: 1,
        next() {
          if (sent === last) return null
          const id = `exchange-${++sent}`
          return { id, bytes: encryptRequest('k', id) }
        },
        answered: () => undefined,
      })
    await sendUntil(WARM_UP)
    const names = 'read,write,writev,pwritev,fdatasync,sendto,sendmsg,recvfrom'
    const calls = await traceCalls(sidecar.process.pid ?? 0, names, join(t.testdirName, 'trace'), () =>
      sendUntil(WARM_UP + EXCHANGES),
    )
    for (let i = WARM_UP + 1; i <= WARM_UP + EXCHANGES; i++) {
      const id = `exchange-${i}`
      const of = (what: string): SystemCall => callOf(calls, id, what)
      const steps = {
        asked: of('read POST'),
        forwarded: of('write POST'),
        executed: of('read HTTP'),
        answered: of('write HTTP'),
      }
      const { asked, forwarded, executed, answered } = steps
      const intent = syncedBetween(calls, asked, forwarded)
      t.ok(intent, `${id}: the intent was written and synced before the request went upstream`)
      const record = syncedBetween(calls, executed, answered)
      t.ok(record, `${id}: the record was written and synced before the client had the answer`)
      if (i === WARM_UP + 1)
        for (const call of [asked, ...(intent ?? []), forwarded, executed, ...(record ?? []), answered])
          t.comment(shown(call))
    }
  },
)

/** The one call on a socket that carries `id` in a message of that beginning. */
function callOf(calls: readonly SystemCall[], id: string, what: string): SystemCall {
  const [direction = '', beginning = ''] = what.split(' ')
  const names = direction === 'read' ? /^(read|recvfrom)\(/ : /^(write|writev|sendto|sendmsg)\(/
  const ends = new RegExp(`${id}\\b`)
  // strace names a socket by its addresses where it can find them out, else by its number.
  const found = calls.filter(
    ({ text }) =>
      names.test(text) && /<(TCP|socket):/.test(text) && text.includes(`"${beginning}`) && ends.test(text),
  )
  const [call] = found
  if (call !== undefined && found.length === 1) return call
  const others = calls.filter(({ text }) => ends.test(text)).map(({ text }) => text.slice(0, 120))
  throw new Error(`${id}: expected one ${what}, found ${found.length} in ${others.join('\n')}`)
}

/** A write to the journal and the sync of it, both begun after `first` and ended before `last` began; null for none. */
function syncedBetween(
  calls: readonly SystemCall[],
  first: SystemCall,
  last: SystemCall,
): SystemCall[] | null {
  const between = calls.filter(({ began, ended }) => began > first.began && ended < last.began)
  const write = between.find(({ text }) => text.startsWith('pwritev(') && text.includes('.journal'))
  if (write === undefined) return null
  const journal = /<[^>]*>/.exec(write.text)?.[0] ?? ''
  const sync = between.find(
    ({ text, began }) =>
      began > write.ended && text.startsWith('fdatasync(') && text.includes(journal) && text.endsWith('= 0'),
  )
  return sync === undefined ? null : [write, sync]
}

function shown({ text }: SystemCall): string {
  return text.replace(/\/\S*\//g, '…/').slice(0, 110)
}
