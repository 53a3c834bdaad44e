import t from 'tap'
import { compileFullName } from '../../src/dialect/full-name.ts'

const split = compileFullName('arn:*:kms:*:*:key/*')

t.test('a full name has a qualifier and a short name', async (t) => {
  t.same(split('arn:aws:kms:us-east-1:111111111111:key/mrk-1'), {
    qualifier: 'arn:aws:kms:us-east-1:111111111111:',
    short: 'mrk-1',
  })
  t.same(compileFullName('projects/*/keys/*')('projects/p/keys/k'), { qualifier: 'projects/p/', short: 'k' })
})

t.test('no other name is one', async (t) => {
  for (const name of [
    '',
    'k',
    'alias/a',
    'arn:aws:kms:us-east-1:111111111111:alias/a',
    'arn:aws:kms:us-east-1:111111111111:alias/a:key/b',
    'alias/arn:aws:kms:r:a:key/b',
    'arn:aws:kms:r:a:key/',
    'arn:aws:kms:r::key/b',
    'arn:aws:kms:r:a:key/b/c',
    'arn:aws:kms:r:a:key/b:c',
    'ARN:aws:kms:r:a:key/b',
    ' arn:aws:kms:r:a:key/b',
    'arn:aws:s3:r:a:key/b',
  ]) {
    t.equal(split(name), null, name)
  }
})
