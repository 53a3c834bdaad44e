import { Value } from '@sinclair/typebox/value'
import {
  type Document,
  isAlias,
  isMap,
  isNode,
  isScalar,
  isSeq,
  LineCounter,
  parseDocument,
  visit,
} from 'yaml'
import { KeytrailError } from '../errors.ts'
import { checkFile, type ReportMistake, type ValuePath } from './check-description.ts'
import { type Description, DialectFile } from './description.ts'
import { reportMismatches } from './mismatch.ts'
import { parseRoutes } from './parse-routes.ts'
import { lookUp } from './pointer.ts'

interface Mistake {
  readonly line: number
  readonly reason: string
}

/**
 * Reads a dialect file's text; `file` is its name for messages. Throws {@link KeytrailError} `DIALECT_INVALID`
 * that lists every mistake with file, line and reason.
 */
export function parseDescription(text: string, file: string): Description {
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, stringKeys: true })
  const mistakes: Mistake[] = []
  for (const { pos, message } of [...document.errors, ...document.warnings]) {
    const { line } = lines.linePos(pos[0])
    mistakes.push({ line, reason: message + hintFor(text.split('\n')[line - 1] ?? '') })
  }
  visit(document, {
    Alias(_, alias) {
      if (alias.resolve(document) !== undefined) return
      const { line } = lines.linePos(alias.range?.[0] ?? 0)
      mistakes.push({ line, reason: `the alias *${alias.source} stands for nothing before it` })
    },
  })
  if (mistakes.length > 0) throw invalid(file, mistakes)

  const report: ReportMistake = (path, reason) => {
    mistakes.push({ line: lines.linePos(offsetOf(document, path)).line, reason })
  }
  const content = contentOf(document, report)
  if (mistakes.length > 0) throw invalid(file, mistakes)

  reportMismatches(DialectFile, content, [], report)
  const routes = parseRoutes(routesOf(content), lookUp(content, ['selector']), report)
  checkFile(content, report)
  if (mistakes.length > 0 || !Value.Check(DialectFile, content)) throw invalid(file, mistakes)
  return { ...content, routes }
}

/** The commonest slip: without the colon a route's options are no YAML. */
function hintFor(line: string): string {
  return line.includes(' -> ') ? " (a route's options stand behind a colon: `-> action class: { … }`)" : ''
}

/** The routes as they stand, so that their mistakes are told together with those of the rest. */
function routesOf(content: unknown): readonly unknown[] {
  const routes = typeof content === 'object' && content !== null && 'routes' in content ? content.routes : []
  return Array.isArray(routes) ? routes : []
}

/** The document as plain values; aliases that expand without bound are refused by the library. */
function contentOf(document: Document, report: ReportMistake): unknown {
  try {
    return document.toJS({ maxAliasCount: 100 })
  } catch (error) {
    report([], error instanceof Error ? error.message : 'unreadable YAML')
    return null
  }
}

/** Offset in the text of the deepest value on `path` that is there. */
function offsetOf(document: Document, path: ValuePath): number {
  let node: unknown = document.contents
  let offset = isNode(node) ? (node.range?.[0] ?? 0) : 0
  for (const step of path) {
    if (isAlias(node)) node = node.resolve(document)
    if (isMap(node)) {
      const pair = node.items.find(({ key }) => isScalar(key) && key.value === step)
      if (pair === undefined) break
      if (isNode(pair.key)) offset = pair.key.range?.[0] ?? offset
      node = pair.value
    } else if (isSeq(node)) {
      node = node.items[Number(step)]
      if (isNode(node)) offset = node.range?.[0] ?? offset
    } else break
  }
  return offset
}

function invalid(file: string, mistakes: readonly Mistake[]): KeytrailError {
  const sorted = mistakes.toSorted((a, b) => a.line - b.line)
  const list = sorted.map(({ line, reason }) => `${file}:${line}: ${reason}`)
  return new KeytrailError('DIALECT_INVALID', list.join('\n'))
}
