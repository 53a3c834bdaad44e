import type { Page } from 'playwright-core'
import type { Test } from 'tap'
import { FULL_KEY } from './console-stage.ts'
import { screenshot } from './running-browser.ts'
import { addressOf, column, open, rowCount, type Scene, seqs, settled } from './scene.ts'

/** The usage history of a key: columns, paging, filters, the picture, one record, and the way back. */
export async function checkHistory(t: Test, scene: Scene): Promise<void> {
  const { page } = scene
  await open(scene, `?key=${FULL_KEY}&period=30d`)
  await page.waitForSelector('.uplot canvas')
  await t.test('columns and coverage', (t) => checkTable(t, page))
  await screenshot(page, 'history')
  await t.test('paging through the ring', (t) => checkPaging(t, page))
  await t.test('filters by click and keyword, and Back', (t) => checkFilters(t, page))
  await t.test('the picture zooms the period', (t) => checkPicture(t, scene))
  await t.test('an own range', (t) => checkRange(t, scene))
  await t.test('a row opens its record', (t) => checkRecord(t, scene))
}

async function checkTable(t: Test, page: Page): Promise<void> {
  t.strictSame(await page.locator('table.records thead th').allInnerTexts(), [
    ...['Request time', 'Request type', 'IP or hostname', 'Requester', 'Action', 'Response'],
  ])
  t.equal(await rowCount(page), 100)
  t.match((await column(page, 1))[0], /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}$/)
  const channels = await column(page, 2)
  t.ok(channels.every((text) => text === 'API' || text === 'Console'))
  t.ok(
    (await column(page, 3)).some((text) => text.includes('batch-14.internal')),
    'a name for an address',
  )
  t.ok((await column(page, 4)).some((text) => text.includes('token issuer')))
  const responses = await column(page, 6)
  t.ok(
    responses.some((text) =>
      /^Failure (403 ACCESS_DENIED|400 INVALID_CIPHERTEXT|429 QUOTA_EXCEEDED)$/.test(text),
    ),
  )
  t.match(
    await page.locator('.coverage').innerText(),
    /Kept since .* not shown: 620 evicted by count, 0 by age .*starts before the oldest kept record/,
  )
  t.match(await page.locator('.zone').innerText(), 'Asia/Seoul (UTC+9)')
  const seoul = (await column(page, 1))[0] ?? ''
  await page.getByLabel('Time zone').selectOption('utc')
  const utc = (await column(page, 1))[0] ?? ''
  t.equal(Date.parse(`${seoul.replace(' ', 'T')}+09:00`), Date.parse(`${utc.replace(' ', 'T')}Z`))
  await page.getByLabel('Time zone').selectOption('local')
}

async function checkPaging(t: Test, page: Page): Promise<void> {
  const first = await seqs(page)
  t.match(await page.locator('.paging').innerText(), /1–100 of 30,000/)
  await page.getByRole('button', { name: 'Older' }).click()
  await page.getByText('101–200 of 30,000').waitFor()
  const second = await seqs(page)
  t.strictSame(
    second,
    first.map((seq) => seq - 100),
  )
  await page.getByRole('button', { name: 'Newer' }).click()
  await page.getByText('1–100 of 30,000').waitFor()
  t.strictSame(await seqs(page), first)
}

async function checkFilters(t: Test, page: Page): Promise<void> {
  await page.locator('table.records .outcome.failure').first().click()
  await page.waitForFunction(() => document.querySelectorAll('table.records .outcome.success').length === 0)
  await settled(page)
  t.equal(addressOf(page).get('outcome'), 'failure')
  await page.getByRole('searchbox').pressSequentially('quota')
  await page.waitForFunction(() =>
    [...document.querySelectorAll('.status')].every((cell) => cell.textContent?.includes('QUOTA')),
  )
  await page.locator('.count', { hasText: 'billing-batch' }).click()
  await settled(page)
  t.ok((await column(page, 4)).every((text) => text.startsWith('billing-batch')))
  const shared = page.url()
  t.match(addressOf(page).toString(), /q=quota&.*requester=billing-batch/)
  await page.goBack()
  await page.waitForFunction(() => !location.search.includes('requester'))
  await page.goBack()
  await page.waitForFunction(() => !location.search.includes('quota'))
  t.equal(await page.getByRole('searchbox').inputValue(), '')
  await page.goto(shared)
  await page.waitForSelector('table.records tbody tr')
  t.ok(
    (await column(page, 4)).every((text) => text.startsWith('billing-batch')),
    'a shared address shows the same',
  )
  await page.getByRole('button', { name: 'Remove filter Requester billing-batch' }).click()
  await page.getByRole('button', { name: 'Clear all' }).click()
  await page.waitForFunction(() => !/outcome|requester|q=/.test(location.search))
  await settled(page)
  await page.getByRole('searchbox').fill('no such thing')
  await page.getByText('No record matches').waitFor()
}

async function checkPicture(t: Test, scene: Scene): Promise<void> {
  const { page } = scene
  await open(scene, `?key=${FULL_KEY}&period=30d`)
  await page.waitForSelector('.uplot canvas')
  t.match(
    await page.locator('.chart').getAttribute('aria-label'),
    /[\d,]+ successful, [\d,]+ failed, \d+ unknown/,
  )
  t.equal(
    (await page.locator('.count-list').first().locator('.count').count()) >= 5,
    true,
    'counts beside it',
  )
  const box = await page.locator('.u-over').boundingBox()
  if (box === null) throw new Error('the picture has no place')
  await page.mouse.move(box.x + box.width * 0.9, box.y + 40)
  t.match(await page.locator('.chart-hover').textContent(), /✓ [\d,]+ {3}✕ \d+/)
  await page.mouse.down()
  await page.mouse.move(box.x + box.width * 0.95, box.y + 60, { steps: 4 })
  await page.mouse.up()
  await page.waitForFunction(() => location.search.includes('from='))
  await settled(page)
  const query = addressOf(page)
  const length = Date.parse(query.get('to') ?? '') - Date.parse(query.get('from') ?? '')
  t.ok(Math.abs(length / 86_400_000 - 1.5) < 0.2, `a twentieth of 30 days: ${length} ms`)
  await page.mouse.move(0, 0)
  await page.waitForTimeout(400)
  await screenshot(page, 'zoomed')
  await page.goBack()
  await page.waitForFunction(() => location.search.includes('period=30d'))
}

async function checkRange(t: Test, scene: Scene): Promise<void> {
  const { page } = scene
  await open(scene, `?key=${FULL_KEY}&period=7d`)
  await page.getByRole('button', { name: 'Own range' }).click()
  const day = new Date(Date.now() - 5 * 86_400_000).toISOString().slice(0, 10)
  await page.getByLabel('From').fill(`${day}T09:00:00`)
  await page.getByLabel('To', { exact: true }).fill(`${day}T08:00:00`)
  await page.getByRole('button', { name: 'Apply' }).click()
  t.notOk(addressOf(page).has('from'), 'an end before its start is refused')
  await page.getByLabel('To', { exact: true }).fill(`${day}T18:00:00`)
  await page.getByRole('button', { name: 'Apply' }).click()
  await page.waitForFunction(() => location.search.includes('from='))
  await settled(page)
  t.equal(addressOf(page).get('from'), `${day}T00:00:00.000Z`, 'the fields are in local time')
  t.equal(addressOf(page).get('to'), `${day}T09:00:00.999Z`)
  t.ok((await column(page, 1)).every((text) => text.startsWith(day)))
  t.equal(await page.getByRole('switch', { name: 'Live' }).isDisabled(), true, 'nothing comes into the past')
}

async function checkRecord(t: Test, scene: Scene): Promise<void> {
  const { page } = scene
  await open(scene, `?key=${FULL_KEY}&outcome=failure`)
  await page.locator('table.records .open').first().focus()
  await page.keyboard.press('Enter')
  const text = await page.getByRole('dialog').innerText()
  t.match(text, /Request id\s.*Requester kind\s.*Verified\s+false/s)
  t.match(text, FULL_KEY)
  await screenshot(page, 'record')
  await page.keyboard.press('Escape')
  await page.getByRole('dialog').waitFor({ state: 'detached' })
  t.equal(
    await page.evaluate(() => document.activeElement?.className),
    'open',
    'the focus is back on its row',
  )
}
