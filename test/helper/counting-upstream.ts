import type { Test } from 'tap'
import { httpUpstream } from './http-upstream.ts'

/**
 * A key API that does nothing but note what it executed: `executed` is called with the key and the `x-id` header
 * of each whole request, which comes back as the request id.
 */
export function countingUpstream(t: Test, executed: (key: string, id: string) => void): Promise<string> {
  const body = JSON.stringify({ code: 'SUCCESS', data: { ciphertext: `ncpkms:v1:${'c'.repeat(140)}` } })
  return httpUpstream(t, (request, response) => {
    request.on('error', () => undefined)
    request.resume()
    request.on('end', () => {
      const id = String(request.headers['x-id'])
      executed(String(request.url).split('/')[4] ?? '', id)
      response.writeHead(200, [
        ...['Content-Type', 'application/json', 'Content-Length', String(body.length)],
        ...['x-ncp-trace-id', id],
      ])
      response.end(body)
    })
  })
}
