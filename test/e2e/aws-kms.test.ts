import {
  CancelKeyDeletionCommand,
  CreateAliasCommand,
  CreateGrantCommand,
  CreateKeyCommand,
  DecryptCommand,
  DeleteAliasCommand,
  DescribeKeyCommand,
  DisableKeyCommand,
  EnableKeyCommand,
  EnableKeyRotationCommand,
  EncryptCommand,
  GenerateDataKeyCommand,
  GenerateDataKeyPairCommand,
  GenerateDataKeyPairWithoutPlaintextCommand,
  GenerateDataKeyWithoutPlaintextCommand,
  GenerateMacCommand,
  GenerateRandomCommand,
  GetKeyPolicyCommand,
  GetKeyRotationStatusCommand,
  GetPublicKeyCommand,
  KMSClient,
  ListAliasesCommand,
  ListGrantsCommand,
  ListKeyPoliciesCommand,
  ListKeysCommand,
  ListResourceTagsCommand,
  PutKeyPolicyCommand,
  ReEncryptCommand,
  RetireGrantCommand,
  RevokeGrantCommand,
  ScheduleKeyDeletionCommand,
  SignCommand,
  TagResourceCommand,
  UntagResourceCommand,
  UpdateAliasCommand,
  UpdateKeyDescriptionCommand,
  VerifyCommand,
  VerifyMacCommand,
} from '@aws-sdk/client-kms'
import t from 'tap'
import { runAwsKms, SECRETS } from '../helper/aws-kms.ts'
import { historyOf, type RunningSidecar, runSidecar, type SeenRecord } from '../helper/running-sidecar.ts'

const kms = await runAwsKms(t)
let sidecar = await runSidecar(t, kms.url, { dialect: 'aws-kms' })
const { dataDir } = sidecar

async function restart(): Promise<void> {
  await sidecar.stop('SIGKILL')
  sidecar = await runSidecar(t, kms.url, { dialect: 'aws-kms' }, dataDir)
}

function client(accessKeyId: string, { api }: RunningSidecar = sidecar): KMSClient {
  const secretAccessKey = SECRETS[accessKeyId] ?? ''
  const options = { endpoint: api, region: 'us-east-1', credentials: { accessKeyId, secretAccessKey } }
  const made = new KMSClient({ ...options, maxAttempts: 1 })
  t.teardown(() => made.destroy())
  return made
}

async function createKey(by = client('AKIAALICE')): Promise<string> {
  const { KeyMetadata } = await by.send(new CreateKeyCommand({}))
  return KeyMetadata?.Arn ?? ''
}

/** Action, class, outcome and error code, oldest first. */
function lines(records: readonly SeenRecord[]): string[] {
  return records.toReversed().map(({ action, class: kind, outcome, errorCode }) => {
    return `${action} ${kind} ${outcome}${errorCode === undefined ? '' : ` ${errorCode}`}`
  })
}

const Message = Buffer.from('a message')

t.test('all common operations, from the official client, under the key’s ARN', async (t) => {
  const alice = client('AKIAALICE')
  const KeyId = await createKey(alice)
  const { CiphertextBlob } = await alice.send(new EncryptCommand({ KeyId, Plaintext: Message }))
  const opened = await alice.send(new DecryptCommand({ CiphertextBlob }))
  t.same(Buffer.from(opened.Plaintext ?? []), Message, 'a key that only the ciphertext names')
  const { Signature } = await alice.send(
    new SignCommand({ KeyId, Message, SigningAlgorithm: 'ECDSA_SHA_256' }),
  )
  const { Mac } = await alice.send(new GenerateMacCommand({ KeyId, Message, MacAlgorithm: 'HMAC_SHA_256' }))
  const GrantOperations = {
    KeyId,
    GranteePrincipal: 'arn:aws:iam::111111111111:role/r',
    Operations: ['Encrypt'],
  } as const
  for (const send of [
    () => alice.send(new VerifyCommand({ KeyId, Message, Signature, SigningAlgorithm: 'ECDSA_SHA_256' })),
    () => alice.send(new VerifyMacCommand({ KeyId, Message, Mac, MacAlgorithm: 'HMAC_SHA_256' })),
    () => alice.send(new GenerateDataKeyCommand({ KeyId, KeySpec: 'AES_256' })),
    () => alice.send(new GenerateDataKeyWithoutPlaintextCommand({ KeyId, KeySpec: 'AES_256' })),
    () => alice.send(new GenerateDataKeyPairCommand({ KeyId, KeyPairSpec: 'ECC_NIST_P256' })),
    () => alice.send(new GenerateDataKeyPairWithoutPlaintextCommand({ KeyId, KeyPairSpec: 'ECC_NIST_P256' })),
    () => alice.send(new GetPublicKeyCommand({ KeyId })),
    () => alice.send(new DescribeKeyCommand({ KeyId })),
    () => alice.send(new DisableKeyCommand({ KeyId })),
    () => alice.send(new EnableKeyCommand({ KeyId })),
    () => alice.send(new EnableKeyRotationCommand({ KeyId })),
    () => alice.send(new GetKeyRotationStatusCommand({ KeyId })),
    () => alice.send(new UpdateKeyDescriptionCommand({ KeyId, Description: 'new' })),
    () => alice.send(new TagResourceCommand({ KeyId, Tags: [{ TagKey: 'k', TagValue: 'v' }] })),
    () => alice.send(new UntagResourceCommand({ KeyId, TagKeys: ['k'] })),
    () => alice.send(new ListResourceTagsCommand({ KeyId })),
    () => alice.send(new PutKeyPolicyCommand({ KeyId, Policy: '{}' })),
    () => alice.send(new GetKeyPolicyCommand({ KeyId })),
    () => alice.send(new ListKeyPoliciesCommand({ KeyId })),
    () => alice.send(new CreateGrantCommand({ ...GrantOperations, Operations: ['Encrypt'] })),
    () => alice.send(new ListGrantsCommand({ KeyId })),
    () => alice.send(new RevokeGrantCommand({ KeyId, GrantId: 'grant-1' })),
    () => alice.send(new RetireGrantCommand({ KeyId, GrantId: 'grant-1' })),
  ]) {
    await send()
  }
  const records = await historyOf(sidecar.history, KeyId)
  t.same(kms.refusals, [], 'every signature was verified over the bytes received')
  t.same(
    lines(records),
    [
      ...['CreateKey manage', 'Encrypt use', 'Decrypt use', 'Sign use', 'GenerateMac use', 'Verify use'],
      ...['VerifyMac use', 'GenerateDataKey use', 'GenerateDataKeyWithoutPlaintext use'],
      ...['GenerateDataKeyPair use', 'GenerateDataKeyPairWithoutPlaintext use', 'GetPublicKey read'],
      ...['DescribeKey read', 'DisableKey manage', 'EnableKey manage', 'EnableKeyRotation manage'],
      ...['GetKeyRotationStatus read', 'UpdateKeyDescription manage', 'TagResource manage'],
      ...['UntagResource manage', 'ListResourceTags read', 'PutKeyPolicy manage', 'GetKeyPolicy read'],
      ...['ListKeyPolicies read', 'CreateGrant manage', 'ListGrants read', 'RevokeGrant manage'],
      'RetireGrant manage',
    ].map((line) => `${line} success`),
  )
  t.same(new Set(records.map(({ requester }) => requester.id)), new Set(['AKIAALICE']))
  t.same(
    new Set(records.map(({ requestId }) => requestId)).size,
    records.length,
    'each with the upstream’s own request id',
  )
})

t.test('requests for no key are recorded too', async (t) => {
  const bob = client('ASIABOB')
  await bob.send(new ListKeysCommand({}))
  await bob.send(new ListAliasesCommand({}))
  await bob.send(new GenerateRandomCommand({ NumberOfBytes: 8 }))
  const records = await historyOf(sidecar.history, null)
  t.same(lines(records).slice(-3), [
    'ListKeys read success',
    'ListAliases read success',
    'GenerateRandom use success',
  ])
  t.match(records[0], { requester: { id: 'ASIABOB', kind: 'account' } })
})

t.test('a re-encryption is in the histories of both its keys', async (t) => {
  const alice = client('AKIAALICE')
  const [from, to] = [await createKey(), await createKey()]
  const { CiphertextBlob } = await alice.send(new EncryptCommand({ KeyId: from, Plaintext: Message }))
  const DestinationKeyId = to.slice(to.indexOf('/') + 1)
  await alice.send(new ReEncryptCommand({ CiphertextBlob, DestinationKeyId }))
  await t.rejects(alice.send(new ReEncryptCommand({ CiphertextBlob, SourceKeyId: to, DestinationKeyId })), {
    name: 'IncorrectKeyException',
  })
  await alice.send(new DisableKeyCommand({ KeyId: to }))
  await t.rejects(alice.send(new ReEncryptCommand({ CiphertextBlob, SourceKeyId: from, DestinationKeyId })), {
    name: 'DisabledException',
  })
  const [source, destination] = [await historyOf(sidecar.history, from), await historyOf(sidecar.history, to)]
  t.same(lines(source), [
    ...['CreateKey manage success', 'Encrypt use success', 'ReEncrypt use success'],
    'ReEncrypt use failure DisabledException',
  ])
  t.same(lines(destination), [
    ...['CreateKey manage success', 'ReEncrypt use success', 'ReEncrypt use failure IncorrectKeyException'],
    ...['DisableKey manage success', 'ReEncrypt use failure DisabledException'],
  ])
  t.equal(source[1]?.requestId, destination[3]?.requestId, 'the same exchange')
})

t.test('failures with their code, in the ring of the key as far as it is known', async (t) => {
  const alice = client('AKIAALICE')
  const KeyId = await createKey()
  const id = KeyId.slice(KeyId.indexOf('/') + 1)
  await alice.send(new DisableKeyCommand({ KeyId: id }))
  await t.rejects(alice.send(new EncryptCommand({ KeyId: id, Plaintext: Message })), {
    name: 'DisabledException',
  })
  await t.rejects(alice.send(new DescribeKeyCommand({ KeyId: 'alias/none' })), { name: 'NotFoundException' })
  const forged = Buffer.from(`${'0'.repeat(36)}forged`)
  await t.rejects(alice.send(new DecryptCommand({ KeyId, CiphertextBlob: forged })), {
    name: 'InvalidCiphertextException',
  })
  await t.rejects(alice.send(new DecryptCommand({ CiphertextBlob: forged })), {
    name: 'InvalidCiphertextException',
  })
  t.same(lines(await historyOf(sidecar.history, KeyId)), [
    ...['CreateKey manage success', 'DisableKey manage success', 'Encrypt use failure DisabledException'],
    'Decrypt use failure InvalidCiphertextException',
  ])
  const [unknown, missing] = await historyOf(sidecar.history, null)
  t.match(unknown, {
    action: 'Decrypt',
    outcome: 'failure',
    errorCode: 'InvalidCiphertextException',
    key: undefined,
  })
  t.match(missing, { action: 'DescribeKey', errorCode: 'NotFoundException', key: 'alias/none' })
})

t.test('an alias stands for what the answers show, also after a restart', async (t) => {
  const [first, second] = [await createKey(), await createKey()]
  const AliasName = 'alias/app'
  const byAlias = async (by: KMSClient) =>
    by.send(new EncryptCommand({ KeyId: AliasName, Plaintext: Message }))
  let alice = client('AKIAALICE')
  await alice.send(new CreateAliasCommand({ AliasName, TargetKeyId: first }))
  await byAlias(alice)
  await alice.send(new DisableKeyCommand({ KeyId: first }))
  await t.rejects(byAlias(alice), { name: 'DisabledException' })

  await restart()
  alice = client('AKIAALICE')
  await t.rejects(byAlias(alice), { name: 'DisabledException' })
  const aliasArn = first.replace(/key\/.*/, AliasName)
  await t.rejects(alice.send(new EncryptCommand({ KeyId: aliasArn, Plaintext: Message })))
  await alice.send(new UpdateAliasCommand({ AliasName, TargetKeyId: second }))
  await alice.send(new DisableKeyCommand({ KeyId: second }))
  await t.rejects(byAlias(alice), { name: 'DisabledException' })
  await t.rejects(alice.send(new EncryptCommand({ KeyId: aliasArn, Plaintext: Message })))
  await alice.send(new DeleteAliasCommand({ AliasName }))
  await t.rejects(byAlias(alice), { name: 'NotFoundException' })

  t.same(lines(await historyOf(sidecar.history, first)), [
    ...['CreateKey manage success', 'CreateAlias manage success', 'Encrypt use success'],
    ...['DisableKey manage success', 'Encrypt use failure DisabledException'],
    ...['Encrypt use failure DisabledException', 'Encrypt use failure DisabledException'],
  ])
  t.same(lines(await historyOf(sidecar.history, second)), [
    ...['CreateKey manage success', 'UpdateAlias manage success', 'DisableKey manage success'],
    ...['Encrypt use failure DisabledException', 'Encrypt use failure DisabledException'],
    'DeleteAlias manage success',
  ])
  const [gone] = await historyOf(sidecar.history, null)
  t.match(gone, { action: 'Encrypt', errorCode: 'NotFoundException', key: AliasName })
})

t.test('an alias that two accounts have says nothing by itself', async (t) => {
  const [alice, mallory] = [client('AKIAALICE'), client('AKIAMALLORY')]
  const AliasName = 'alias/shared'
  for (const by of [alice, mallory]) {
    const TargetKeyId = await createKey(by)
    await by.send(new CreateAliasCommand({ AliasName, TargetKeyId }))
    await by.send(new EncryptCommand({ KeyId: AliasName, Plaintext: Message }))
    t.match(lines(await historyOf(sidecar.history, TargetKeyId)).at(-1), 'Encrypt use success')
    await by.send(new DisableKeyCommand({ KeyId: TargetKeyId }))
  }
  await t.rejects(alice.send(new EncryptCommand({ KeyId: AliasName, Plaintext: Message })), {
    name: 'DisabledException',
  })
  t.match((await historyOf(sidecar.history, null))[0], { action: 'Encrypt', key: AliasName })
})

t.test('a scheduled deletion has the answer’s date, and can be cancelled', async (t) => {
  const alice = client('AKIAALICE')
  const KeyId = await createKey()
  const state = async (): Promise<{ state?: string; destroyAt?: string }> => {
    const response = await fetch(`${sidecar.history}/v1/keys/${encodeURIComponent(KeyId)}`)
    return (await response.json()) as { state?: string; destroyAt?: string }
  }
  const { DeletionDate } = await alice.send(new ScheduleKeyDeletionCommand({ KeyId, PendingWindowInDays: 7 }))
  const scheduled = await state()
  t.match(scheduled, { state: 'destruction-scheduled' })
  t.ok(Math.abs(Date.parse(scheduled.destroyAt ?? '') - Number(DeletionDate)) < 2)
  await alice.send(new CancelKeyDeletionCommand({ KeyId }))
  t.match(await state(), { state: 'live' })
})

t.test('another secret is refused by the upstream, and its claim recorded as a failure', async (t) => {
  const credentials = { accessKeyId: 'AKIAALICE', secretAccessKey: 'guessed' }
  const forger = new KMSClient({ endpoint: sidecar.api, region: 'us-east-1', credentials, maxAttempts: 1 })
  t.teardown(() => forger.destroy())
  await t.rejects(forger.send(new ListKeysCommand({})), { name: 'InvalidSignatureException' })
  t.match((await historyOf(sidecar.history, null))[0], {
    ...{ action: 'ListKeys', outcome: 'failure', errorCode: 'InvalidSignatureException' },
    requester: { id: 'AKIAALICE', verified: false },
  })
  kms.refusals.length = 0
})
