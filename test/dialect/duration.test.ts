import t from 'tap'
import { durationPattern, parseDuration } from '../../src/dialect/duration.ts'

const durations = [
  ['1ms', 1],
  ['500ms', 500],
  ['3s', 3000],
  ['15m', 900_000],
  ['72h', 259_200_000],
  ['30d', 2_592_000_000],
] as const

for (const [text, ms] of durations) {
  t.test(text, async (t) => {
    t.match(text, new RegExp(durationPattern))
    t.equal(parseDuration(text), ms)
  })
}

for (const text of ['', 'h', '0h', '-1h', '1.5h', '1', '1w', '1 h', '1hh']) {
  t.test(`'${text}' is no duration`, async (t) => t.notMatch(text, new RegExp(durationPattern)))
}

t.test('a unit that does not exist', async (t) => t.throws(() => parseDuration('1w'), TypeError))
