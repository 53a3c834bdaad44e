import fc from 'fast-check'
import t from 'tap'
import { formatDuration, formatSize, parseDuration, parseSize } from '../../src/config/quantity.ts'

t.test('durations are ms', async (t) => {
  const durations: [unknown, number | null][] = [
    ['3s', 3000],
    ['500ms', 500],
    ['1.5h', 5_400_000],
    ['30d', 2_592_000_000],
    ['10m', 600_000],
    [250, 250],
    ['250', 250],
    [0, 0],
    ['1.5ms', null],
    [1.5, null],
    [-1, null],
    [Number.NaN, null],
    [Number.POSITIVE_INFINITY, null],
    ['-1s', null],
    ['3 s', null],
    ['3S', null],
    ['1e3s', null],
    ['s', null],
    ['', null],
    ['1h30m', null],
    ['999999999999999d', null],
    [null, null],
    [true, null],
    [['3s'], null],
  ]
  for (const [text, expected] of durations) t.equal(parseDuration(text), expected, JSON.stringify(text))
})

t.test('sizes are bytes', async (t) => {
  const sizes: [unknown, number | null][] = [
    ['16KiB', 16_384],
    ['64GiB', 68_719_476_736],
    ['1.5MiB', 1_572_864],
    ['2TiB', 2_199_023_255_552],
    ['512B', 512],
    [512, 512],
    ['512', 512],
    ['1KB', null],
    ['1MB', null],
    ['1K', null],
    ['1kib', null],
    ['0.3B', null],
  ]
  for (const [text, expected] of sizes) t.equal(parseSize(text), expected, JSON.stringify(text))
})

t.test('property: what is formatted is read back', async () => {
  const quantity = fc.oneof(
    fc.maxSafeNat(),
    fc.nat(),
    fc.nat(100).map((count) => count * 1024 ** 2),
  )
  fc.assert(fc.property(quantity, (ms) => parseDuration(formatDuration(ms)) === ms))
  fc.assert(fc.property(quantity, (bytes) => parseSize(formatSize(bytes)) === bytes))
})

t.test('formats are short', async (t) => {
  t.equal(formatDuration(90_000), '90s')
  t.equal(formatDuration(86_400_000), '1d')
  t.equal(formatDuration(0), '0ms')
  t.equal(formatSize(65_536), '64KiB')
  t.equal(formatSize(1000), '1000B')
})
