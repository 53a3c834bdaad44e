import t from 'tap'
import { closedPort } from '../helper/http-upstream.ts'
import { runProxy } from './running-proxy.ts'

const ARN = 'arn:aws:kms:eu-west-1:111122223333:key/'

/** An operation of two keys, one from and one to which it goes. */
async function reEncrypt(url: string, from: string, to: string): Promise<number> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'x-amz-target': 'TrentService.ReEncrypt', 'content-type': 'application/x-amz-json-1.1' },
    body: JSON.stringify({ SourceKeyId: from, DestinationKeyId: to, CiphertextBlob: 'AA==' }),
  })
  await response.text()
  return response.status
}

t.test('whoever may not use one of an operation’s two keys may not do it', async (t) => {
  const { url, recorder } = await runProxy(t, await closedPort(), {
    dialect: 'aws-kms',
    acl: [{ keys: '*closed', allow: [], deny: ['127.0.0.1/32'] }],
  })
  t.not(await reEncrypt(url, `${ARN}closed`, `${ARN}open`), 502, 'the first')
  t.not(await reEncrypt(url, `${ARN}open`, `${ARN}closed`), 502, 'the second')
  t.equal(await reEncrypt(url, `${ARN}open`, `${ARN}other`), 502, 'neither: it was to be forwarded')
  const refused = { action: 'ReEncrypt', outcome: 'failure', reason: /^acl: rule / }
  t.match(recorder.records, [refused, refused, { reason: 'upstream-unreachable' }])
})
