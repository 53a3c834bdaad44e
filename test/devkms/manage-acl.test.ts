import t from 'tap'
import { runKms } from './running-kms.ts'

t.test('addresses are added, listed and removed', async (t) => {
  const { createKey, signed } = await runKms(t)
  const path = await createKey()
  const keyTag = path.split('/').at(-1)
  t.same((await signed('GET', `${path}/acl`)).body.data, { keyTag, isAclEnabled: false, allowedIpList: [] })
  const added = await signed('POST', `${path}/acl`, { ipList: ['192.0.2.1', '192.0.2.2', '192.0.2.1'] })
  t.same(added.body.data, { keyTag, allowedIpList: ['192.0.2.1', '192.0.2.2'] })
  const removed = await signed('DELETE', `${path}/acl`, { ipList: ['192.0.2.1', '192.0.2.9'] })
  t.same(removed.body.data, { keyTag, allowedIpList: ['192.0.2.2'] })
  t.same((await signed('POST', `${path}/acl/enable`)).body.data, { keyTag, isAclEnabled: true })
  t.match((await signed('GET', `${path}/acl`)).body.data, {
    isAclEnabled: true,
    allowedIpList: ['192.0.2.2'],
  })
  t.same((await signed('POST', `${path}/acl/disable`)).body.data, { keyTag, isAclEnabled: false })
})

t.test('only IPv4 addresses go into the list, and not without end', async (t) => {
  const { createKey, signed } = await runKms(t)
  const path = await createKey()
  const bad = [
    undefined,
    [],
    'x',
    ['::1'],
    ['10.0.0.0/8'],
    ['1.2.3'],
    [1],
    [null],
    Array(1001).fill('192.0.2.1'),
  ]
  for (const ipList of bad) {
    t.match(await signed('POST', `${path}/acl`, { ipList }), {
      status: 400,
      body: { code: 'INVALID_PARAMETER' },
    })
    t.match(await signed('DELETE', `${path}/acl`, { ipList }), {
      status: 400,
      body: { code: 'INVALID_PARAMETER' },
    })
  }
  const many = Array.from({ length: 1000 }, (_, n) => `10.0.${n >> 8}.${n & 255}`)
  t.equal((await signed('POST', `${path}/acl`, { ipList: many })).status, 200)
  t.equal((await signed('POST', `${path}/acl`, { ipList: ['192.0.2.1'] })).status, 400)
})
