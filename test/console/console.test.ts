import t from 'tap'
import { checkAccess } from './check-access.ts'
import { checkExport } from './check-export.ts'
import { checkHistory } from './check-history.ts'
import { checkHostile } from './check-hostile.ts'
import { checkKeys } from './check-keys.ts'
import { checkScene } from './check-scene.ts'

// One keytrail and one browser for all of it: starting them costs more than using them.
t.test('what the console shows', { timeout: 300_000 }, (t) =>
  checkScene(t, async (scene) => {
    await t.test('keys', (t) => checkKeys(t, scene))
    await t.test('usage history and picture', (t) => checkHistory(t, scene))
    await t.test('hostile records', (t) => checkHostile(t, scene))
    await t.test('export', (t) => checkExport(t, scene))
    await t.test('sign-in', (t) => checkAccess(t, scene))
  }),
)
