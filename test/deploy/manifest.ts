import { readFileSync } from 'node:fs'
import { parseAllDocuments } from 'yaml'

/** The text of a file in config/deploy. */
export function deployFile(name: string): string {
  return readFileSync(new URL(`../../config/deploy/${name}`, import.meta.url), 'utf8')
}

/** The YAML documents of a file in config/deploy; a warning of the parser is an error. */
export function deployDocuments(name: string): unknown[] {
  return parseAllDocuments(deployFile(name)).map((document) => {
    const [problem] = [...document.errors, ...document.warnings]
    if (problem !== undefined) throw problem
    return document.toJS()
  })
}
