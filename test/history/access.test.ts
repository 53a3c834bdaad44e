import t from 'tap'
import { createAccess, EVERYBODY } from '../../src/history/access.ts'

const access = (...keys: string[]) => createAccess({ name: 'n', rights: ['read'], keys })

t.test('reach', async (t) => {
  t.ok(access('billing-*', 'x').reaches('billing-1'))
  t.ok(access('billing-*', 'x').reaches('x'))
  t.notOk(access('billing-*', 'x').reaches('xx'))
  t.notOk(access().reaches(''))
  t.ok(access('a', '*').reachesAll)
  t.notOk(access('?*').reachesAll)
  t.ok(EVERYBODY.reachesAll && EVERYBODY.reaches('anything/at all'))
})

t.test('prefix', async (t) => {
  for (const [globs, prefix] of [
    [['*'], ''],
    [['billing-*'], 'billing-'],
    [['billing-eu?', 'billing-us*'], 'billing-'],
    [['billing', 'billing-us*'], 'billing'],
    [['a*', 'b*'], ''],
    [['exact'], 'exact'],
    [[], ''],
  ] as const) {
    t.equal(access(...globs).prefix, prefix, globs.join())
  }
})
