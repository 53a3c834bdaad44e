import t from 'tap'
import { nearest } from '../../src/config/nearest.ts'

t.test('a slip finds its name, another word finds none', async (t) => {
  const names = ['retention', 'requesters', 'trustedProxies', 'acl']
  t.equal(nearest('retension', names), 'retention')
  t.equal(nearest('trustedproxy', names), 'trustedProxies')
  t.equal(nearest('ACL', names), 'acl')
  t.equal(nearest('alc', names), null)
  t.equal(nearest('listeners', names), null)
  t.equal(nearest('', names), null)
  t.equal(nearest('x'.repeat(100_000), names), null)
  t.equal(nearest('acl', []), null)
})
