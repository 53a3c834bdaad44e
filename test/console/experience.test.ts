import t from 'tap'
import { checkAppearance } from './check-appearance.ts'
import { checkLive } from './check-live.ts'
import { checkScene } from './check-scene.ts'
import { checkSpeed } from './check-speed.ts'

t.test('how the console is to use', { timeout: 300_000 }, (t) =>
  checkScene(t, async (scene) => {
    await t.test('how fast', (t) => checkSpeed(t, scene))
    await t.test('languages, themes, sizes, and who can use it', (t) => checkAppearance(t, scene))
    await t.test('live', (t) => checkLive(t, scene))
  }),
)
