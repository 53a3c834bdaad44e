import fc from 'fast-check'
import t from 'tap'
import { Acl } from '../../src/proxy/acl.ts'

t.test('no rules, no refusal', async (t) => {
  t.equal(new Acl([]).refusal('any', '203.0.113.9'), null)
  t.equal(new Acl([]).refusal('', ''), null)
})

t.test('the first rule whose glob matches decides', async (t) => {
  const acl = new Acl([
    { keys: 'billing-test', allow: [], deny: [] },
    { keys: 'billing-*', allow: ['10.0.0.0/8'], deny: ['10.9.0.0/16'] },
    { keys: 'b*', allow: [], deny: ['0.0.0.0/0'] },
  ])
  t.equal(acl.refusal('billing-test', '203.0.113.9'), null)
  t.equal(acl.refusal('billing-1', '10.0.0.1'), null)
  t.equal(acl.refusal('billing-1', '::ffff:10.0.0.1'), null)
  t.equal(acl.refusal('billing-1', '10.9.0.1'), 'acl: rule 2 (billing-*) denies')
  t.equal(acl.refusal('billing-1', '203.0.113.9'), 'acl: rule 2 (billing-*) does not allow')
  t.equal(acl.refusal('bank', '10.0.0.1'), 'acl: rule 3 (b*) denies')
  t.equal(acl.refusal('bank', '2001:db8::1'), null)
  t.equal(acl.refusal('other', '203.0.113.9'), null)
  t.equal(acl.refusal('', '203.0.113.9'), null)
})

t.test('requests without a key are taken by * only', async (t) => {
  const acl = new Acl([{ keys: '*', allow: ['10.0.0.0/8'], deny: [] }])
  t.equal(acl.refusal('', '10.0.0.1'), null)
  t.equal(acl.refusal('', '203.0.113.9'), 'acl: rule 1 (*) does not allow')
})

t.test('an unknown address is never let through a list', async (t) => {
  const acl = new Acl([
    { keys: 'a', allow: ['0.0.0.0/0', '::/0'], deny: [] },
    { keys: 'd', allow: [], deny: ['10.0.0.0/8'] },
    { keys: 'o', allow: [], deny: [] },
  ])
  for (const address of ['', 'unknown', '10.0.0', 'x'.repeat(1000)]) {
    t.type(acl.refusal('a', address), 'string')
    t.type(acl.refusal('d', address), 'string')
    t.equal(acl.refusal('o', address), null)
  }
})

t.test('property: never throws, and says only null or a reason of its own', async () => {
  const acl = new Acl([{ keys: '?*', allow: ['10.0.0.0/8'], deny: ['10.1.0.0/16'] }])
  fc.assert(
    fc.property(
      fc.string({ unit: 'binary' }),
      fc.oneof(fc.string(), fc.ipV4(), fc.ipV6()),
      (key, address) => {
        const reason = acl.refusal(key, address)
        if (key === '') return reason === null
        const inside = address.startsWith('10.') && !address.startsWith('10.1.')
        return (reason === null) === (inside && /^[\d.]+$/.test(address))
      },
    ),
  )
})
