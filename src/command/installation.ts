import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/** A path within the package; the same from dist/ and from src/. */
function inPackage(path: string): string {
  return fileURLToPath(new URL(`../../${path}`, import.meta.url))
}

/** The documented default configuration. */
export const DEFAULT_CONFIG_FILE = inPackage('config/keytrail.yaml')

/** Where dialects are looked up by name. */
export const DIALECTS_DIR = inPackage('config/dialects')

/** The built console. */
export const CONSOLE_DIR = inPackage('dist/console')

/** The command line itself, as Node runs it. */
export const CLI_FILE = inPackage('dist/cli.js')

/** This release, e.g. `0.1.0`. */
export function packageVersion(): string {
  const { version } = JSON.parse(readFileSync(inPackage('package.json'), 'utf8')) as { version: string }
  return version
}
