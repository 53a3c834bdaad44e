import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { parseDescription } from '../../src/dialect/parse-description.ts'
import { KeytrailError } from '../../src/errors.ts'

const fixtures = join(import.meta.dirname, '../fixture/dialect')

/** The `file:line` of every mistake that the text is refused for. */
function mistakesIn(text: string): string[] {
  try {
    parseDescription(text, 'x.yaml')
  } catch (error) {
    if (!(error instanceof KeytrailError) || error.code !== 'DIALECT_INVALID') throw error
    return error.message.split('\n').map((line) => line.slice(0, line.indexOf(': ')))
  }
  return []
}

t.test('every mistake is told, with its line, all at once', async (t) => {
  const text = readFileSync(join(fixtures, 'mistakes.yaml'), 'utf8')
  const expected: string[] = []
  for (const [i, line] of text.split('\n').entries()) {
    if (i === 0) continue
    for (let count = line.split('MISTAKE').length; count > 1; count -= 1) expected.push(`x.yaml:${i + 1}`)
  }
  t.same(mistakesIn(text), expected)
})

t.test('a sound file', async (t) => {
  const text = readFileSync(join(fixtures, 'every-option.yaml'), 'utf8')
  const { name, routes } = parseDescription(text, 'x.yaml')
  t.equal(name, 'every-option')
  t.equal(routes.length, 14)
  t.same(routes[3]?.options, {
    key: { request: '/KeyId', response: '/KeyId' },
    items: { response: '/results' },
  })
})

const minimal = `name: a
title: A
requester: []
success: { status: 2xx }
error: [{ body: '{}' }]
routes:
  - GET /a -> a read
`

/** Each with the line of its first mistake. */
const unreadable: readonly (readonly [string, string, number])[] = [
  ['nothing', '', 1],
  ['no mapping', '- 1', 1],
  ['no YAML', 'name: a\ntitle: [', 2],
  ['a name twice', 'name: a\nname: b', 2],
  ['a tag', `${minimal}limits: !limits {}`, 8],
  ['an alias of nothing', `${minimal}allow: *forms`, 8],
  ['two documents', `${minimal}---\n${minimal}`, 8],
  ['a key that is no text', `${minimal}? [a]\n: 1`, 8],
  ['a value inside itself', minimal.replace('title: A', 'title: &a [*a]'), 2],
  [
    'aliases without bound',
    `${minimal}x: &a [1,1]\ny: &b [${'*a,'.repeat(90)}]\nz: [${'*b,'.repeat(90)}]`,
    1,
  ],
  ['options without a colon', `${minimal}  - GET /b -> b read { key: { query: k } }`, 8],
  ['quoted options', `${minimal}  - 'GET /b -> b read { key: { query: k } }'`, 8],
  ['two routes in one item', `${minimal}  - GET /b -> b read: {}\n    GET /c -> c read: {}`, 8],
  ['no routes', `${minimal.slice(0, minimal.indexOf('routes'))}routes: []`, 6],
]

for (const [name, text, line] of unreadable) {
  t.test(name, async (t) => t.equal(mistakesIn(text)[0], `x.yaml:${line}`))
}

t.test('the smallest dialect', async (t) => t.same(mistakesIn(minimal), []))

t.test('what is missing is named, and a colon is suggested', async (t) => {
  t.throws(() => parseDescription('name: a', 'x.yaml'), { message: /routes is missing/ })
  const text = `${minimal}  - GET /b -> b read { key: { query: k } }`
  t.throws(() => parseDescription(text, 'x.yaml'), { message: /behind a colon/ })
})
