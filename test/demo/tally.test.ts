import t from 'tap'
import { Tally } from '../../src/demo/tally.ts'
import type { Expectation } from '../../src/devkms/traffic/expectation.ts'
import type { Outcome } from '../../src/record.ts'

t.test('counts each request once, also after the oldest were forgotten', async (t) => {
  const sent: Expectation[] = []
  const tally = new Tally(sent)
  tally.update()
  t.match(tally, { total: 0, newest: null })
  sent.push(expectation('a', 'success'), expectation('a', 'failure'))
  tally.update()
  tally.update()
  t.match(tally, { total: 2, outcomes: { success: 1, failure: 1, unknown: 0 }, newest: sent[1] })
  sent.push(expectation('b', 'unknown'))
  sent.splice(0, 2)
  tally.update()
  t.match(tally, { total: 3, outcomes: { success: 1, failure: 1, unknown: 1 }, newest: sent[0] })
})

t.test('the busiest key is one that was used beyond its creation', async (t) => {
  const sent = [expectation('', 'success'), expectation('', 'success'), expectation('a', 'success')]
  const tally = new Tally(sent)
  tally.update()
  t.equal(tally.busiestKey(), null)
  sent.push(expectation('b', 'success'), expectation('b', 'failure'))
  tally.update()
  t.equal(tally.busiestKey(), 'b')
})

function expectation(key: string, outcome: Outcome): Expectation {
  return {
    sentAt: 0,
    answeredAt: 0,
    key,
    channel: 'api',
    action: 'encrypt',
    requester: 'a',
    outcome,
    status: 200,
  }
}
