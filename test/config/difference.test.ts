import t from 'tap'
import { changedSettings } from '../../src/config/difference.ts'
import { loadConfig } from '../../src/config/load.ts'

const load = (env: Record<string, string> = {}) => loadConfig({ file: null, env })

t.test('what differs is named by its path', async (t) => {
  t.strictSame(changedSettings(load(), load()), [])
  t.strictSame(changedSettings(load(), load({ KEYTRAIL_UPSTREAM_TIMEOUTS_CONNECT: '5s' })), [
    'upstream.timeouts.connect',
  ])
  const several = load({ KEYTRAIL_ACL: '[{ keys: a }]', KEYTRAIL_DURABILITY: 'async' })
  t.strictSame(changedSettings(load(), several).toSorted(), ['acl', 'durability'])
  t.strictSame(changedSettings(load(), load({ KEYTRAIL_REQUESTERS: '{ "a.b": c }' })), ['requesters'])
  t.strictSame(changedSettings(load(), load({ KEYTRAIL_HISTORY_BIND: '127.0.0.1:1' })), ['history.bind.port'])
})
