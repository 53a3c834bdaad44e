import type { Test } from 'tap'
import { HOSTILE_KEY } from './console-stage.ts'
import { screenshot } from './running-browser.ts'
import { column, open, type Scene } from './scene.ts'

/** What a client sent is shown as text, whatever it is. */
export async function checkHostile(t: Test, scene: Scene): Promise<void> {
  const { page } = scene
  page.on('dialog', (dialog) => {
    t.fail(`a dialog: ${dialog.message()}`)
    void dialog.dismiss()
  })
  await open(scene, '')
  t.ok(
    (await page.locator('table.keys tbody th').allInnerTexts()).includes(
      '<img src=x onerror=alert(1)>\\u{202e}/../키🔑',
    ),
  )
  await open(scene, `?key=${encodeURIComponent(HOSTILE_KEY)}`)
  t.strictSame(
    (await column(page, 4)).map((text) => text.replace(/ claimed$/, '')),
    ['한글 requester', '😀🔑 \\u{2066}admin\\u{2069}', '</td><svg/onload=alert(1)>'],
  )
  const actions = await column(page, 5)
  t.equal(actions[0], '=HYPERLINK("http://evil")')
  t.equal(actions[1], '\\u{202e}gnp.exe')
  t.match(actions[2], /^<script>document\.title='pwned'<\/script>A{10,}…$/)
  t.match((await column(page, 6))[1], 'Failure 200 �\\u{1b}[31m"><b>')
  t.match(await page.title(), '<img src=x onerror=alert(1)>')
  t.equal(await page.locator('td script, td svg[onload], img[src="x"], td b').count(), 0)
  const width = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)
  t.ok(width <= 0, 'a long value does not push the page wide')
  await page.waitForSelector('.count')
  await screenshot(page, 'hostile')
}
