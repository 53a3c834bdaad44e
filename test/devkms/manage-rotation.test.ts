import t from 'tap'
import { base64, runKms } from './running-kms.ts'

const dayMs = 86_400_000
const fields = { plaintext: base64('secret') }

t.test('a rotated key encrypts with its new version and still decrypts the old', async (t) => {
  const { createKey, signed } = await runKms(t)
  const path = await createKey()
  const { ciphertext } = (await signed('POST', `${path}/encrypt`, fields)).body.data
  t.match(await signed('POST', `${path}/rotate`), { body: { data: { currentVersion: 2 } } })
  t.match((await signed('POST', `${path}/encrypt`, fields)).body.data, { ciphertext: /^ncpkms:v2:/ })
  t.same((await signed('POST', `${path}/decrypt`, { ciphertext })).body.data, fields)
  t.match((await signed('POST', `${path}/re-encrypt`, { ciphertext })).body.data, {
    ciphertext: /^ncpkms:v2:/,
  })
  const versions = (await signed('GET', `${path}/versions`)).body.data
  t.match(versions, {
    versionList: [
      { version: 2, status: 'ENABLE' },
      { version: 1, status: 'ENABLE' },
    ],
  })
})

t.test('a key has at most 100 versions', async (t) => {
  const { createKey, signed } = await runKms(t)
  const path = await createKey()
  for (let version = 2; version <= 100; version += 1) await signed('POST', `${path}/rotate`)
  t.match(await signed('GET', path), { body: { data: { currentVersion: 100 } } })
  t.match(await signed('POST', `${path}/rotate`), {
    status: 409,
    body: { code: 'KEY_VERSION_LIMIT_EXCEEDED' },
  })
})

t.test('concurrent rotations each make a version of their own', async (t) => {
  const { createKey, signed } = await runKms(t)
  const path = await createKey({ keyType: 'ECDSA' })
  await Promise.all(Array.from({ length: 8 }, () => signed('POST', `${path}/rotate`)))
  const { versionList } = (await signed('GET', `${path}/versions`)).body.data
  t.match(
    versionList,
    [9, 8, 7, 6, 5, 4, 3, 2, 1].map((version) => ({ version })),
  )
})

t.test('an old version can be disabled, the newest can not', async (t) => {
  const { createKey, signed } = await runKms(t)
  const path = await createKey()
  const { ciphertext } = (await signed('POST', `${path}/encrypt`, fields)).body.data
  const wrong = { status: 409, body: { code: 'INVALID_KEY_VERSION_STATE' } }
  t.match(await signed('POST', `${path}/versions/1/disable`), wrong)
  await signed('POST', `${path}/rotate`)
  t.match(await signed('POST', `${path}/versions/1/disable`), {
    body: { data: { version: 1, status: 'DISABLE' } },
  })
  t.match(await signed('POST', `${path}/decrypt`, { ciphertext }), wrong)
  await signed('POST', `${path}/disable`)
  await signed('POST', `${path}/enable`)
  t.match(
    await signed('POST', `${path}/decrypt`, { ciphertext }),
    wrong,
    "a version's state outlives its key's",
  )
  await signed('POST', `${path}/versions/1/enable`)
  t.same((await signed('POST', `${path}/decrypt`, { ciphertext })).body.data, fields)
  for (const version of ['0', '3', '-1', 'x', '1.5', '__proto__']) {
    const answer = await signed('POST', `${path}/versions/${version}/enable`)
    t.match(answer, { status: 404, body: { code: 'KEY_VERSION_NOT_FOUND' } }, version)
  }
})

t.test('automatic rotation follows its period, also for a disabled key', async (t) => {
  const { clock, createKey, signed } = await runKms(t)
  const path = await createKey()
  const version = async () => (await signed('GET', path)).body.data.currentVersion
  clock.now += 1000 * dayMs
  t.equal(await version(), 1, 'off by default')
  await signed('PUT', `${path}/rotation-period`, { rotationPeriod: 10 })
  const enabled = await signed('POST', `${path}/enable-auto-rotation`)
  t.match(enabled.body.data, { isAutoRotation: true, nextRotationDate: clock.now + 10 * dayMs })
  await signed('POST', `${path}/disable`)
  clock.now += 10 * dayMs - 1
  t.equal(await version(), 1)
  clock.now += 1
  t.same(await Promise.all([version(), version(), version()]), [2, 2, 2], 'once, however many ask')
  t.match(await signed('POST', `${path}/disable-auto-rotation`), {
    body: { data: { nextRotationDate: null } },
  })
  clock.now += 1000 * dayMs
  t.equal(await version(), 2)
})

t.test('the period is from 1 to 730 days', async (t) => {
  const { createKey, signed } = await runKms(t)
  const path = await createKey()
  for (const rotationPeriod of [1, 730]) {
    t.match(await signed('PUT', `${path}/rotation-period`, { rotationPeriod }), {
      body: { data: { rotationPeriod } },
    })
  }
  for (const rotationPeriod of [0, 731, '30', null, undefined]) {
    t.equal(
      (await signed('PUT', `${path}/rotation-period`, { rotationPeriod })).status,
      400,
      `${rotationPeriod}`,
    )
  }
})
