import type { IncomingMessage } from 'node:http'
import { gatewayFailure, serviceFailure } from './failure.ts'
import type { Fields } from './field.ts'

/** Longest body that is taken, in bytes. */
export const bodyLimit = 1024 * 1024

/** A body that goes on this long is not even read to its end for the sake of a polite refusal. */
const patienceLimit = 8 * bodyLimit

/** The whole body. Fails with 413 where it is longer than {@link bodyLimit}, or with the socket's error. */
export function readBody(request: IncomingMessage): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    let length = 0
    request.on('data', (chunk: Buffer) => {
      length += chunk.length
      if (length <= bodyLimit) chunks.push(chunk)
      else chunks.length = 0
      if (length > patienceLimit) request.destroy()
    })
    request.on('end', () => {
      if (length > bodyLimit) reject(gatewayFailure('entity-too-large'))
      else resolve(Buffer.concat(chunks))
    })
    request.on('error', reject)
    request.on('close', () => {
      if (!request.readableEnded) reject(gatewayFailure('bad-request'))
    })
  })
}

/** The fields of a JSON object in UTF-8; {} for an empty body. Fails with INVALID_PARAMETER for anything else. */
export function parseFields(body: Buffer): Fields {
  if (body.length === 0) return {}
  const value = parseJson(body)
  if (!isFields(value)) throw serviceFailure('INVALID_PARAMETER', 'expected a JSON object as the body')
  return value
}

function parseJson(body: Buffer): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body))
  } catch {
    return undefined
  }
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
