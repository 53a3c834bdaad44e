import { accessSync, constants, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type BrowserContext, chromium, type Page } from 'playwright-core'
import type { Test } from 'tap'

const PLACES = [
  process.env['CHROMIUM'],
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
]

/** Only what the page itself asks for leaves this browser. */
const FLAGS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

/** Where screenshots go; ignored by git. */
const ARTIFACTS = new URL('../.artifacts', import.meta.url).pathname

/** The browser's program; null, said loudly, where there is none. With CI set its absence is a failure. */
export function findBrowser(t: Test): string | null {
  const found = PLACES.find((place) => place !== undefined && isProgram(place))
  if (found !== undefined) return found
  const missing = 'no chromium: apt-get install chromium, or set CHROMIUM to its program'
  if (process.env['CI'] === 'true') t.fail(missing)
  else t.pass(`THE CONSOLE IS NOT TESTED: ${missing}`, { skip: missing })
  return null
}

/** A browser with an empty profile that is closed and forgotten with the test. */
export async function startBrowser(t: Test, program: string): Promise<BrowserContext> {
  const profile = mkdtempSync(join(tmpdir(), 'keytrail-browser-'))
  const browser = await chromium.launchPersistentContext(profile, {
    executablePath: program,
    args: FLAGS,
    viewport: { width: 1360, height: 900 },
    locale: 'en-GB',
    timezoneId: 'Asia/Seoul',
    colorScheme: 'light',
  })
  t.teardown(async () => {
    await browser.close()
    rmSync(profile, { recursive: true, force: true })
  })
  // The compiler that runs these tests names functions by this one, also those that run in the page.
  await browser.addInitScript('globalThis.__name = (named) => named')
  browser.setDefaultTimeout(20_000)
  return browser
}

/** Keeps a picture of what the page shows. */
export async function screenshot(page: Page, name: string): Promise<void> {
  mkdirSync(ARTIFACTS, { recursive: true })
  await page.screenshot({ path: join(ARTIFACTS, `console-${name}.png`) })
}

function isProgram(place: string): boolean {
  try {
    accessSync(place, constants.X_OK)
    return true
  } catch {
    return false
  }
}
