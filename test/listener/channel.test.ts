import t from 'tap'
import { createChannelRules } from '../../src/listener/channel.ts'

const CONSOLE_ORIGIN = { name: 'origin', equals: 'https://console.example' }

t.test('without rules the listener decides', async (t) => {
  const choose = createChannelRules([])
  t.equal(choose('api', '10.0.0.1', []), 'api')
  t.equal(choose('console', '10.0.0.1', []), 'console')
})

t.test('the first rule that matches decides', async (t) => {
  const choose = createChannelRules([
    { channel: 'api', from: ['10.1.9.0/24'], header: null },
    { channel: 'console', from: ['10.1.0.0/16'], header: null },
    { channel: 'console', from: [], header: CONSOLE_ORIGIN },
  ])
  t.equal(choose('console', '10.1.9.1', []), 'api')
  t.equal(choose('api', '10.1.8.1', []), 'console')
  t.equal(choose('api', '::ffff:10.1.8.1', []), 'console')
  t.equal(choose('api', '192.0.2.1', []), 'api')
  t.equal(choose('api', '192.0.2.1', ['Host', 'x', 'ORIGIN', 'https://console.example']), 'console')
  t.equal(choose('api', '', []), 'api')
})

t.test('two conditions must both hold', async (t) => {
  const choose = createChannelRules([{ channel: 'console', from: ['10.0.0.0/8'], header: CONSOLE_ORIGIN }])
  const headers = ['Origin', 'https://console.example']
  t.equal(choose('api', '10.0.0.1', headers), 'console')
  t.equal(choose('api', '192.0.2.1', headers), 'api')
  t.equal(choose('api', '10.0.0.1', []), 'api')
})

t.test('a header equals exactly, every time it is there', async (t) => {
  const choose = createChannelRules([{ channel: 'console', from: [], header: CONSOLE_ORIGIN }])
  t.equal(choose('api', '', ['origin', 'https://CONSOLE.example']), 'api')
  t.equal(choose('api', '', ['origin', 'https://console.example.evil']), 'api')
  t.equal(choose('api', '', ['x-origin', 'https://console.example']), 'api')
  t.equal(choose('api', '', ['https://console.example', 'origin']), 'api')
  t.equal(choose('api', '', ['origin']), 'api')
  const twice = ['origin', 'https://console.example', 'Origin', 'https://console.example']
  t.equal(choose('api', '', twice), 'console')
  t.equal(choose('api', '', [...twice, 'origin', 'https://evil.example']), 'api')
})
