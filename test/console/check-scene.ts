import type { Test } from 'tap'
import { startStage } from './console-stage.ts'
import { findBrowser, startBrowser } from './running-browser.ts'
import type { Scene } from './scene.ts'

/** Runs `check` in a browser before one keytrail; the page must not complain, nor ask anybody else for anything. */
export async function checkScene(t: Test, check: (scene: Scene) => Promise<void>): Promise<void> {
  const program = findBrowser(t)
  if (program === null) return
  const stage = await startStage(t)
  const browser = await startBrowser(t, program)
  const page = await browser.newPage()
  const complaints: string[] = []
  const hosts = new Set<string>()
  page.on('pageerror', (error) => complaints.push(error.message))
  page.on('console', (message) => {
    // What the API refuses, and a keytrail that is being restarted, the browser notes by itself.
    const expected = /status of (401|404|410)|net::ERR_/.test(message.text())
    if (message.type() === 'error' && !expected) complaints.push(message.text())
  })
  page.on('request', (request) => hosts.add(new URL(request.url()).host))
  await check({ stage, browser, page })
  t.strictSame(complaints, [], 'no error, and nothing that the policy had to stop')
  // A file to be saved has no host.
  t.strictSame(
    [...hosts].filter((host) => host !== ''),
    [new URL(stage.sidecar.history).host],
  )
}
