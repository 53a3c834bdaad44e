import t from 'tap'
import { openConnection } from '../helper/raw-connection.ts'
import { rawUpstream } from '../helper/raw-upstream.ts'
import { historyOf, runSidecar } from '../helper/running-sidecar.ts'
import { until } from '../helper/until.ts'

const DIALECT = new URL('../fixture/dialect/tunnels.yaml', import.meta.url).pathname
const HEAD = 'HTTP/1.1 101 Fine\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n'
const ASK =
  'GET /keys/k/stream HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nX-Account: alice\r\n\r\n'

for (const durability of ['strict', 'committed']) {
  t.test(
    `${durability}: a tunnel is recorded when it ends, and as unknown where nobody saw the end`,
    async (t) => {
      const upstream = await rawUpstream(t, ({ received, socket }) => {
        if (received.includes('PING')) socket.write('PONG')
        else socket.write(HEAD)
      })
      const settings = { dialect: DIALECT, durability, shutdown: { grace: '1s' } }
      const first = await runSidecar(t, upstream.url, settings)
      const client = await openConnection(t, first.api)
      client.write(ASK)
      await client.receives(/101 Fine\r\n[\s\S]*\r\n\r\n/)
      client.write('PING')
      await client.receives(/PONG$/)
      client.socket.end()
      const records = await until(async () => {
        const found = await historyOf(first.history, 'k')
        return found.length > 0 ? found : null
      })
      t.match(records, [
        { action: 'stream', class: 'use', outcome: 'success', status: 101, requester: { id: 'alice' } },
      ])
      t.equal(records[0]?.reason, 'tunnel: 4 bytes sent, 4 received')

      const cut = await openConnection(t, first.api)
      cut.write(ASK)
      await cut.receives(/101 Fine/)
      await first.stop('SIGKILL')
      const second = await runSidecar(t, upstream.url, settings, first.dataDir)
      t.match(await historyOf(second.history, 'k'), [
        { action: 'stream', outcome: 'unknown' },
        { status: 101 },
      ])

      const drained = await openConnection(t, second.api)
      drained.write(ASK)
      await drained.receives(/101 Fine/)
      t.equal(await second.stop(), 0)
      await drained.ended()
      const third = await runSidecar(t, upstream.url, settings, first.dataDir)
      t.match(await historyOf(third.history, 'k'), [
        { outcome: 'success', status: 101 },
        { outcome: 'unknown' },
        {},
      ])
    },
  )
}
