import { createHash } from 'node:crypto'

/** Keys that the load of one hop goes to, in turn. */
export const KEYS_PER_HOP = 50

/** Bytes of a request's body and of an answer's (DESIGN 11). */
const REQUEST_BODY_BYTES = 60
const ANSWER_BODY_BYTES = 200

/** A key that no load goes to, for looking at one exchange. */
export const CHECK_KEY = 'check'

/** A key to which the upstream answers with the request as it got it. */
export const ECHO_KEY = 'echo'

/** Name, value, name, value …: what a client of the key API sends, its host aside. */
export const REQUEST_HEADERS: readonly string[] = [
  'Host',
  'ocapi.ncloud.com',
  'Content-Type',
  'application/json; charset=utf-8',
  'Accept',
  'application/json',
  'User-Agent',
  'keytrail-bench',
  'x-ncp-apigw-timestamp',
  '1767225600000',
  'x-ncp-iam-access-key',
  'BENCHACCESSKEY000000',
  'x-ncp-apigw-signature-v2',
  'PLn1ppVdVuoAPTfGmQ2Bkz5bUvV4G2mA2oQX1cq0b1E=',
]

export const REQUEST_BODY = filled('{"plaintext":"', '"}', REQUEST_BODY_BYTES)

const ANSWER_BODY = filled('{"code":"SUCCESS","data":{"ciphertext":"ncpkms:v1:', '"}}', ANSWER_BODY_BYTES)

/** The key ids of the hop at `index`: no two hops share any, so that every request counts for one hop. */
export function keysOf(index: number): string[] {
  return Array.from({ length: KEYS_PER_HOP }, (_, i) =>
    createHash('sha256').update(`${index} ${i}`).digest('hex').slice(0, 58),
  )
}

export function targetOf(key: string): string {
  return `/kms/v1/keys/${key}/encrypt`
}

/** One request as it stands on the wire. */
export function requestBytes(key: string): Buffer {
  const lines = [`POST ${targetOf(key)} HTTP/1.1`]
  for (let i = 0; i + 1 < REQUEST_HEADERS.length; i += 2)
    lines.push(`${REQUEST_HEADERS[i]}: ${REQUEST_HEADERS[i + 1]}`)
  lines.push(`Content-Length: ${REQUEST_BODY.length}`, '', REQUEST_BODY)
  return Buffer.from(lines.join('\r\n'), 'latin1')
}

/** The upstream's answer as it stands on the wire. */
export function answerBytes(body = Buffer.from(ANSWER_BODY)): Buffer {
  const lines = [
    'HTTP/1.1 200 OK',
    'Date: Thu, 01 Jan 2026 00:00:00 GMT',
    'Content-Type: application/json;charset=UTF-8',
    'x-ncp-trace-id: 7d9f0c0a5b3e4f6d8a1b',
    `Content-Length: ${body.length}`,
    '',
    '',
  ]
  return Buffer.concat([Buffer.from(lines.join('\r\n'), 'latin1'), body])
}

function filled(start: string, end: string, length: number): string {
  return start + 'QUJD'.repeat(length).slice(0, length - start.length - end.length) + end
}
