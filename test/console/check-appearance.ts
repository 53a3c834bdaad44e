import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import type { Page } from 'playwright-core'
import type { Test } from 'tap'
import { FULL_KEY } from './console-stage.ts'
import { screenshot } from './running-browser.ts'
import { open, type Scene, settled } from './scene.ts'

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

interface Violation {
  readonly id: string
  readonly impact: string
  readonly nodes: readonly { readonly html: string; readonly failureSummary: string }[]
}

/** Both languages, both themes, a phone; and nothing in the way of keyboards and screen readers. */
export async function checkAppearance(t: Test, scene: Scene): Promise<void> {
  const { page } = scene
  const key = `?key=${FULL_KEY}&period=7d`
  for (const query of [
    '',
    key,
    `${key}&outcome=failure&q=denied`,
    '?view=destroyed',
    `${key}&q=nothing+at+all`,
  ]) {
    await open(scene, query)
    await accessible(t, page, `light ${query}`)
  }
  await open(scene, key)
  await page.locator('table.records .open').first().click()
  await page.getByRole('dialog').waitFor()
  await accessible(t, page, 'a record')
  await page.keyboard.press('Escape')

  await page.getByLabel('Theme').selectOption('dark')
  await page.mouse.move(0, 0)
  await page.waitForTimeout(300)
  t.equal(
    await page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor),
    'rgb(16, 20, 24)',
  )
  await accessible(t, page, 'dark')
  await screenshot(page, 'dark')
  await page.getByLabel('Theme').selectOption('system')

  await page.getByLabel('Language').selectOption('ko')
  await page.getByText('사용 이력').first().waitFor()
  t.equal(await page.evaluate(() => document.documentElement.lang), 'ko')
  t.strictSame(await page.locator('table.records thead th').allInnerTexts(), [
    ...['요청 시각', '요청 유형', 'IP 또는 호스트명', '요청자', '작업', '응답'],
  ])
  await screenshot(page, 'korean')
  await checkPhone(t, scene)
  await page.getByLabel('Language').selectOption('en')
}

async function checkPhone(t: Test, scene: Scene): Promise<void> {
  const { page } = scene
  await page.setViewportSize({ width: 390, height: 844 })
  for (const [name, query] of [
    ['phone-list', ''],
    ['phone', `?key=${FULL_KEY}&period=7d`],
  ] as const) {
    await open(scene, query)
    await settled(page)
    await page.waitForTimeout(300)
    const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)
    t.ok(overflow <= 0, `${name}: nothing lies beside the screen`)
    await screenshot(page, name)
  }
  await page.locator('table.records').scrollIntoViewIfNeeded()
  await page.evaluate(() => document.querySelector('.history')?.scrollIntoView())
  await screenshot(page, 'phone-table')
  await accessible(t, page, 'phone')
  await page.setViewportSize({ width: 1360, height: 900 })
}

/** axe finds nothing serious. */
async function accessible(t: Test, page: Page, name: string): Promise<void> {
  // The page's own policy takes no script from outside; the protocol's evaluation is not under it.
  await page.evaluate(AXE)
  const violations = await page.evaluate(async () => {
    const { axe } = window as unknown as { axe: { run(): Promise<{ violations: Violation[] }> } }
    return (await axe.run()).violations
  })
  const serious = violations.filter(({ impact }) => impact === 'serious' || impact === 'critical')
  const told = serious.map(({ id, nodes }) => [
    id,
    nodes.slice(0, 2).map(({ html, failureSummary }) => [html, failureSummary]),
  ])
  t.strictSame(told, [], `${name}: axe finds nothing serious`)
}
