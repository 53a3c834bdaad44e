import t from 'tap'
import { visible } from '../../src/console/visible.ts'

for (const [given, shown] of [
  ['plain 한글 😀 é', 'plain 한글 😀 é'],
  ['a\u202eb', 'a\\u{202e}b'],
  ['\u0000\t\n\u001b[31m\u007f\u0085', '\\u{0}\\u{9}\\u{a}\\u{1b}[31m\\u{7f}\\u{85}'],
  ['\u2066x\u2069\u200b\u200d\ufeff', '\\u{2066}x\\u{2069}\\u{200b}\\u{200d}\\u{feff}'],
  ['\u2028\u2029\u3164', '\\u{2028}\\u{2029}\\u{3164}'],
  ['\ud83d', '\\u{d83d}'],
  ['\u{e0041}', '\\u{e0041}'],
] as const) {
  t.test(shown.replaceAll('\\', '%'), async (t) => t.equal(visible(given), shown))
}
