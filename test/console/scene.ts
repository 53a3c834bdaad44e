import type { BrowserContext, Page } from 'playwright-core'
import type { ConsoleStage } from './console-stage.ts'

/** What every check of the console works with. */
export interface Scene {
  readonly stage: ConsoleStage
  readonly browser: BrowserContext
  readonly page: Page
}

const ROWS = 'table.records tbody tr'

/** Opens a view by its address and waits until its table, or what stands for one, is there. */
export async function open({ stage, page }: Scene, query: string): Promise<void> {
  await page.goto(`${stage.sidecar.history}/${query}`)
  await page.waitForSelector('tbody tr, .empty, .notice, .sign-in')
  await settled(page)
}

/** Waits until no table is on its way. */
export async function settled(page: Page): Promise<void> {
  await page.waitForSelector('[aria-busy="true"], .skeleton', { state: 'detached' })
}

export function rowCount(page: Page): Promise<number> {
  return page.locator(ROWS).count()
}

/** The text of one column (from 1) of all rows. */
export async function column(page: Page, number: number): Promise<string[]> {
  const cells = await page.locator(`${ROWS} > :nth-child(${number})`).allInnerTexts()
  return cells.map((cell) => cell.replaceAll(/\s+/g, ' ').trim())
}

/** The sequence numbers of all rows. */
export function seqs(page: Page): Promise<number[]> {
  return page.locator(ROWS).evaluateAll((rows) => rows.map((row) => Number(row.getAttribute('data-seq'))))
}

/** The query of the address bar. */
export function addressOf(page: Page): URLSearchParams {
  return new URL(page.url()).searchParams
}
