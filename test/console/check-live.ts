import type { Test } from 'tap'
import { FULL_KEY, restart, useKey } from './console-stage.ts'
import { screenshot } from './running-browser.ts'
import { open, type Scene, seqs } from './scene.ts'
import { slack } from './slack.ts'

/** A record is to be seen this soon after its answer. */
const LIVE_MS = 1000

/** New records come in by themselves, wait while the reader reads, and survive a restart of keytrail. */
export async function checkLive(t: Test, scene: Scene): Promise<void> {
  const { stage, page } = scene
  await open(scene, `?key=${FULL_KEY}&period=1h`)
  await page.mouse.move(0, 0)
  const before = (await head(scene)) ?? 0
  await page.getByRole('switch', { name: 'Live' }).click()
  await page.getByText('Following').waitFor()
  const waits: number[] = []
  for (let i = 1; i <= 3; i++) {
    await stage.use(FULL_KEY, 'encrypt')
    const answered = Date.now()
    await page.waitForFunction(
      (seq) => document.querySelector(`tr[data-seq="${seq}"]`) !== null,
      before + i,
      { polling: 20 },
    )
    waits.push(Date.now() - answered)
  }
  t.comment(`records shown ${waits.join(', ')} ms after their answers (goal ${LIVE_MS} ms)`)
  t.ok(Math.min(...waits) <= LIVE_MS * slack())
  await screenshot(page, 'live')

  await page.locator('table.records tbody tr').first().hover()
  await stage.use(FULL_KEY, 'encrypt')
  await page.getByText('Paused: 1 new').waitFor()
  t.equal((await seqs(page))[0], before + 3, 'nothing moves under the pointer')
  await page.mouse.move(0, 0)
  await page.waitForSelector(`tr[data-seq="${before + 4}"]`)

  const sidecar = await restart(t, stage, 'none')
  await Promise.all(Array.from({ length: 5 }, () => useKey(sidecar.api, FULL_KEY, 'encrypt')))
  await page.waitForSelector(`tr[data-seq="${before + 9}"]`)
  t.strictSame(
    (await seqs(page)).slice(0, 9),
    Array.from({ length: 9 }, (_, i) => before + 9 - i),
    'without gap or duplicate',
  )
  await page.getByRole('switch', { name: 'Live' }).click()
  await useKey(sidecar.api, FULL_KEY, 'encrypt')
  await page.waitForTimeout(400)
  t.equal((await seqs(page))[0], before + 9, 'off is off')

  await open(scene, '?key=billing-cards&period=30d')
  await page.getByRole('switch', { name: 'Live' }).click()
  await page.getByText('Following').waitFor()
  await fetch(`${sidecar.api}/kms/v1/keys/billing-cards`, { method: 'DELETE' }).then((answer) =>
    answer.text(),
  )
  await page.getByText(/This key was destroyed .* and its history with it/).waitFor()
  t.equal(await page.locator('table.records').count(), 0, 'nothing of it stays on the page')
}

async function head({ stage }: Scene): Promise<number | undefined> {
  const response = await fetch(`${stage.sidecar.history}/v1/keys/${FULL_KEY}`)
  const { coverage } = (await response.json()) as { coverage?: { head: { seq: number } } }
  return coverage?.head.seq
}
