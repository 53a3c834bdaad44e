import { brotliDecompressSync, gunzipSync, inflateSync } from 'node:zlib'

const DECODERS: ReadonlyMap<string, typeof gunzipSync> = new Map([
  ['gzip', gunzipSync],
  ['x-gzip', gunzipSync],
  ['deflate', inflateSync],
  ['br', brotliDecompressSync],
])

/**
 * A readable copy of a body for the dialect, whatever its Content-Encoding; what is forwarded stays as it is.
 * null where the body is absent, of a coding that is not known, or larger than `limit` bytes once decoded.
 */
export function decodeBody(body: Buffer | null, rawHeaders: readonly string[], limit: number): Buffer | null {
  if (body === null) return null
  const coding = contentCoding(rawHeaders)
  if (coding === '' || coding === 'identity') return body
  const decode = DECODERS.get(coding)
  if (decode === undefined) return null
  try {
    return decode(body, { maxOutputLength: limit })
  } catch {
    return null
  }
}

function contentCoding(rawHeaders: readonly string[]): string {
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i] as string
    if (name.length === 16 && name.toLowerCase() === 'content-encoding') {
      return (rawHeaders[i + 1] as string).trim().toLowerCase()
    }
  }
  return ''
}
