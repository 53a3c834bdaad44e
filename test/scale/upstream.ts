import { once } from 'node:events'
import { createServer } from 'node:http'

/** A key API that carries everything out. */
export async function startUpstream(): Promise<{ readonly url: string; close(): Promise<void> }> {
  const body = JSON.stringify({ code: 'SUCCESS', data: { ciphertext: `ncpkms:v1:${'c'.repeat(140)}` } })
  const server = createServer((request, response) => {
    request.resume()
    request.on('end', () => {
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': body.length })
      response.end(body)
    })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${Object(server.address()).port}`,
    async close() {
      server.closeAllConnections()
      await new Promise((done) => server.close(done))
    },
  }
}
