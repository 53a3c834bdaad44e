import t from 'tap'
import { parseMoment } from '../../src/command/moment.ts'

const NOW = 1_700_000_000_000

t.test('reads instants, and how long ago', async (t) => {
  for (const [text, ms] of [
    ['1699999999999', 1_699_999_999_999],
    ['2023-11-14T22:13:20Z', NOW],
    ['2023-11-15T07:13:20+09:00', NOW],
    ['90s', NOW - 90_000],
    ['2h', NOW - 7_200_000],
    ['7d', NOW - 604_800_000],
    ['0s', NOW],
  ] as const)
    t.equal(parseMoment(text, NOW), ms, text)
})

t.test('refuses what means nothing certain', async (t) => {
  for (const text of [
    '',
    'yesterday',
    '2023-11-14',
    '2023-11-14T22:13:20',
    '2',
    '2 h',
    '-2h',
    '2H',
    '99999999d',
  ]) {
    if (text !== '2') t.equal(parseMoment(text, NOW), null, text)
  }
  t.equal(parseMoment('2', NOW), 2, 'plain digits are Unix ms')
})
