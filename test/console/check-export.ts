import { readFileSync } from 'node:fs'
import type { Test } from 'tap'
import { FULL_KEY, HOSTILE_KEY } from './console-stage.ts'
import { open, type Scene } from './scene.ts'

/** What is filtered, as a file. */
export async function checkExport(t: Test, scene: Scene): Promise<void> {
  await open(scene, `?key=${FULL_KEY}&period=30d`)
  const all = await exported(scene, 'Export NDJSON')
  t.equal(all.name, `keytrail-${FULL_KEY}.ndjson`)
  t.equal(all.text.trimEnd().split('\n').length, 30_000)
  await open(scene, `?key=${FULL_KEY}&period=30d&outcome=failure&action=sign`)
  const csv = await exported(scene, 'Export CSV')
  const lines = csv.text.trimEnd().split('\r\n')
  t.equal(lines[0]?.slice(0, 9), '\ufeffseq,time', 'a mark that makes spreadsheets read UTF-8')
  t.ok(lines.length > 10)
  t.ok(lines.slice(1).every((line) => line.includes(',sign,') && line.includes(',failure,')))
  await open(scene, `?key=${encodeURIComponent(HOSTILE_KEY)}`)
  t.match((await exported(scene, 'Export CSV')).text, `"'=HYPERLINK(""http://evil"")"`)
}

async function exported({ page }: Scene, button: string): Promise<{ name: string; text: string }> {
  const [download] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('button', { name: button }).click(),
  ])
  return { name: download.suggestedFilename(), text: readFileSync(await download.path(), 'utf8') }
}
