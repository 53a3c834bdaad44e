import type { Test } from 'tap'
import { FULL_KEY, restart, TOKEN } from './console-stage.ts'
import { screenshot } from './running-browser.ts'
import { open, type Scene } from './scene.ts'

/** Where the API needs a token, the page asks for it, and shows what it allows. */
export async function checkAccess(t: Test, scene: Scene): Promise<void> {
  const { page, browser, stage } = scene
  await restart(t, stage, 'token')
  await open(scene, '')
  await page.getByLabel('Token').waitFor()
  await screenshot(page, 'sign-in')
  await page.getByLabel('Token').fill('not-the-token-of-anybody')
  await page.getByRole('button', { name: 'Sign in' }).click()
  await page.getByText('The token was not accepted').waitFor()
  await page.getByLabel('Token').fill(TOKEN)
  await page.keyboard.press('Enter')
  await page.waitForSelector('table.keys')
  t.strictSame(await page.locator('table.keys tbody th').allInnerTexts(), [
    'billing-invoices',
    'billing-cards',
  ])
  t.equal(await page.evaluate(() => JSON.stringify(localStorage).includes('token-of')), false)
  t.equal(await page.evaluate(() => sessionStorage.getItem('keytrail.token')), TOKEN)
  await open(scene, `?key=${FULL_KEY}`)
  t.match(await page.getByRole('alert').innerText(), /not for you to see/)
  const other = await browser.newPage()
  await other.goto(`${stage.sidecar.history}/`)
  await other.getByLabel('Token').waitFor()
  await other.close()
  await page.getByRole('button', { name: 'Sign out' }).click()
  await page.getByLabel('Token').waitFor()
  t.equal(await page.evaluate(() => sessionStorage.getItem('keytrail.token')), null)
}
