import { type Static, Type } from '@sinclair/typebox'
import type { StoredRecord } from '../store/reader.ts'
import { formatInstant } from './instant.ts'

/**
 * NAVER Cloud KMS's record, the same in `activities` and `last-use-info`:
 * https://api.ncloud-docs.com/docs/security-kms2-key-activity-logs
 */
export const ActivitySchema = Type.Object({
  timestamp: Type.String({ description: 'ISO 8601, milliseconds' }),
  data: Type.Object({
    kmsKey: Type.Object({
      keyTag: Type.String(),
      keyName: Type.String({ description: 'The tag again: a sidecar does not know the name' }),
      nrn: Type.String({ description: 'Empty: a sidecar does not know it' }),
    }),
    requestor: Type.Object({
      requestType: Type.String({ description: 'API, CONSOLE or SYSTEM' }),
      id: Type.String(),
      ip: Type.String(),
    }),
    api: Type.Object({
      result: Type.String({ description: 'SUCCESS, FAIL or UNKNOWN' }),
      action: Type.String(),
      type: Type.String({ description: 'ACCOUNT, TOKEN, CERTIFICATE or ANONYMOUS' }),
    }),
  }),
  message: Type.String(),
})

const RESULT = { success: 'SUCCESS', failure: 'FAIL', unknown: 'UNKNOWN' } as const

/** {@link ActivitySchema} of a kept record of the key `keyTag`. */
export function activityJson(keyTag: string, record: StoredRecord): Static<typeof ActivitySchema> {
  const { requester } = record
  return {
    timestamp: formatInstant(record.time),
    data: {
      kmsKey: { keyTag, keyName: keyTag, nrn: '' },
      requestor: {
        requestType: record.channel.toUpperCase(),
        id: requester.id === '' ? requester.credential : requester.id,
        ip: record.address,
      },
      api: { result: RESULT[record.outcome], action: record.action, type: requester.kind.toUpperCase() },
    },
    message: activityMessage(record),
  }
}

/** Says, in one line, whether the response succeeded: `SUCCESS`, or e.g. `FAIL: status 401, error 200`. */
function activityMessage(record: StoredRecord): string {
  const facts: string[] = []
  if (record.status !== 0 && record.outcome !== 'success') facts.push(`status ${record.status}`)
  if (record.errorCode !== '') facts.push(`error ${record.errorCode}`)
  if (record.reason !== '') facts.push(record.reason)
  const result = RESULT[record.outcome]
  return facts.length === 0 ? result : `${result}: ${facts.join(', ')}`
}
