import t from 'tap'
import { sameSignature, sign } from '../../src/devkms/signature.ts'

const parts = { timestamp: '1505290625682', accessKey: 'AKIDEXAMPLE', apiKey: '' }

// Both expected values were made with: printf … | openssl dgst -sha256 -hmac SECRETEXAMPLE -binary | base64
t.test('signs method, raw target with its query, timestamp and access key', async (t) => {
  const signature = sign('SECRETEXAMPLE', {
    ...parts,
    method: 'GET',
    target: '/photos/puppy.jpg?query1=&query2',
  })
  t.equal(signature, 'THnN67XeHBiPjl3cmykXt6Et9tKPUCIsQt8StJMQy/4=')
})

t.test('signature v1 also covers the API Gateway key, where there is one', async (t) => {
  const signature = sign('SECRETEXAMPLE', {
    ...parts,
    method: 'POST',
    target: '/keys/v1/tag/encrypt',
    apiKey: 'GATEWAYKEY',
  })
  t.equal(signature, 'IbTqLaOc04r9ifeahuD5Hpp4KBafgU1fhV2UB5WIZ/Q=')
})

t.test('only the very same signature is the same', async (t) => {
  t.ok(sameSignature('abc=', 'abc='))
  for (const other of ['', 'abd=', 'abc', 'abc==', 'ABC=', 'abc= '])
    t.notOk(sameSignature('abc=', other), other)
})
