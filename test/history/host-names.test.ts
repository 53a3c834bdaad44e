import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import t, { type Test } from 'tap'
import { HostNames, type Lookup, reverseDns } from '../../src/history/host-names.ts'
import { record, ringOf, startHistory } from './history-fixture.ts'

/** Names that answer when the test says so. */
function heldLookup() {
  const asked: string[] = []
  const answers = new Map<string, (name: string | null) => void>()
  const lookup: Lookup = (address) => {
    asked.push(address)
    return new Promise((done) => answers.set(address, done))
  }
  return { asked, lookup, answer: (address: string, name: string | null) => answers.get(address)?.(name) }
}

t.test('a configured name wins, and needs no DNS', async (t) => {
  const { asked, lookup } = heldLookup()
  const hosts = new HostNames({ names: { '10.0.0.1': 'web-1' }, lookup, clock: () => 0 })
  t.strictSame(await hosts.find(['10.0.0.1', '10.0.0.1', '']), new Map([['10.0.0.1', 'web-1']]))
  t.strictSame(asked, [])
  const without = new HostNames({ names: {}, lookup: null, clock: () => 0 })
  t.equal((await without.find(['10.0.0.1', 'constructor'])).size, 0)
})

t.test('a slow DNS delays a reading by its patience only; the answer is there the next time', async (t) => {
  const { asked, lookup, answer } = heldLookup()
  let now = 0
  const hosts = new HostNames({ names: {}, lookup, clock: () => now, patienceMs: 1 })
  t.equal((await hosts.find(['10.0.0.1'])).size, 0)
  t.equal((await hosts.find(['10.0.0.1'])).size, 0)
  t.strictSame(asked, ['10.0.0.1'], 'asked once')
  answer('10.0.0.1', 'a.example')
  t.equal((await hosts.find(['10.0.0.1'])).get('10.0.0.1'), 'a.example')
  now = 601_000
  t.equal((await hosts.find(['10.0.0.1'])).get('10.0.0.1'), 'a.example', 'while it is asked again')
  t.equal(asked.length, 2)
})

t.test('lookups are bounded, and a name is one', async (t) => {
  const { asked, lookup } = heldLookup()
  const hosts = new HostNames({ names: {}, lookup, clock: () => 0, patienceMs: 1 })
  await hosts.find(Array.from({ length: 100 }, (_, i) => `10.0.0.${i}`))
  t.equal(asked.length, 32)
  for (const name of ['<script>', 'a b', '\u202etxt.example', '-', `${'a'.repeat(64)}.example`, '']) {
    const odd = new HostNames({ names: {}, lookup: async () => name, clock: () => 0 })
    t.equal((await odd.find(['10.0.0.1'])).size, 0, name)
  }
  const failing = new HostNames({
    names: {},
    lookup: () => Promise.reject(new Error('refused')),
    clock: () => 0,
  })
  t.equal((await failing.find(['10.0.0.1'])).size, 0)
})

/** A name server (RFC 1035) that knows one name for every address, and 10.0.0.1 as that name's only address. */
async function nameServer(t: Test): Promise<string> {
  const socket = createSocket('udp4')
  t.teardown(() => socket.close())
  socket.on('message', (query, peer) => {
    const type = query.readUInt16BE(query.length - (query.includes('\0\0\x29', 12, 'latin1') ? 15 : 4))
    let end = 12
    while (query[end] !== 0) end += 1 + (query[end] ?? 0)
    const question = query.subarray(12, end + 5)
    const pointer = question.readUInt16BE(question.length - 4) === 12
    const data = pointer ? Buffer.from('\x04host\x07example\0') : Buffer.from([10, 0, 0, 1])
    const head = Buffer.from(query.subarray(0, 12))
    head.writeUInt16BE(0x8180, 2)
    head.writeUInt16BE(1, 6)
    head.writeUInt16BE(0, 10)
    const answer = Buffer.from([0xc0, 12, 0, pointer ? 12 : 1, 0, 1, 0, 0, 0, 60, 0, data.length])
    if (type >= 0) socket.send(Buffer.concat([head, question, answer, data]), peer.port, peer.address)
  })
  socket.bind(0, '127.0.0.1')
  await once(socket, 'listening')
  return `127.0.0.1:${socket.address().port}`
}

t.test('a name from the DNS counts where it leads back to its address', async (t) => {
  const lookup = reverseDns([await nameServer(t)])
  t.equal(await lookup('10.0.0.1'), 'host.example')
  t.equal(await lookup('10.0.0.2'), null, 'somebody claims a name')
})

t.test('names are shown beside addresses', async (t) => {
  const { reader, get } = await startHistory(t, { hostNames: { '203.0.113.7': 'build-7' } })
  reader.append(ringOf('k'), record())
  reader.append(ringOf('k'), record({ address: '203.0.113.8' }))
  const { records } = (await get('/v1/keys/k/history')).json as { records: { host?: string }[] }
  t.strictSame(
    records.map(({ host }) => host),
    [undefined, 'build-7'],
  )
  const csv = await get('/v1/keys/k/history', { headers: { accept: 'text/csv' } })
  t.match(csv.text, /203\.0\.113\.7,build-7,socket/)
})
