import type { Test } from 'tap'
import { DESTROYED_KEY, FULL_KEY } from './console-stage.ts'
import { screenshot } from './running-browser.ts'
import { addressOf, open, type Scene, settled } from './scene.ts'

/** The list of keys, its search, and the tombstones. */
export async function checkKeys(t: Test, scene: Scene): Promise<void> {
  const { page } = scene
  await open(scene, '')
  t.strictSame(await page.locator('table.keys thead th').allInnerTexts(), [
    ...['Key', 'Last use', 'Action', 'By', 'Records', 'Failures, 24 h', 'State', 'Log analytics'],
  ])
  const keys = await page.locator('table.keys tbody th').allInnerTexts()
  t.strictSame(
    [keys[0], ...keys.slice(2, 4)],
    [FULL_KEY, 'billing-invoices', 'billing-cards'],
    'the last used first',
  )
  t.equal(keys.at(-1), 'checkout-legacy')
  const row = page.locator('table.keys tbody tr', { hasText: FULL_KEY })
  t.match(
    (await row.locator('td').allInnerTexts()).join('|'),
    /ago\|[a-z-]+\|[a-z-]+\|30,000\|\d+\|Active\|Off/,
  )
  t.match(
    await page.locator('tr', { hasText: 'checkout-legacy' }).innerText(),
    /Destruction on \d\d-\d\d \d\d:\d\d/,
  )
  await screenshot(page, 'list')

  await page.getByRole('searchbox').fill('BILL')
  await page.waitForFunction(() => document.querySelectorAll('table.keys tbody tr').length === 2)
  t.equal(addressOf(page).get('q'), 'BILL')
  await page.getByRole('searchbox').fill('nothing like it')
  t.match(await page.locator('.empty').innerText(), /No key contains “nothing like it”/)
  await page.goBack()
  await page.waitForFunction(() => document.querySelectorAll('table.keys tbody tr').length > 5)

  await page.getByRole('link', { name: 'Destroyed keys' }).click()
  await page.waitForSelector('table.tombstones')
  await settled(page)
  t.match(
    await page.locator('table.tombstones tbody').innerText(),
    new RegExp(`${DESTROYED_KEY}.*security-admin`, 's'),
  )
  await screenshot(page, 'destroyed')
  await open(scene, `?key=${DESTROYED_KEY}`)
  t.match(await page.locator('.empty').innerText(), /destroyed .* by security-admin/)
  await open(scene, '?key=never-seen')
  t.match(await page.getByRole('alert').innerText(), /No history is kept for this key/)
}
