import { once } from 'node:events'
import { connect } from 'node:net'

/** Sends `text` (latin1) as it is on a connection of its own; resolves with all that comes back until it ends. */
export async function sendRaw(url: string, text: string | readonly string[]): Promise<string> {
  const { hostname, port } = new URL(url)
  const socket = connect(Number(port), hostname)
  await once(socket, 'connect')
  const chunks: Buffer[] = []
  socket.on('data', (chunk: Buffer) => chunks.push(chunk))
  socket.on('error', () => undefined)
  for (const part of typeof text === 'string' ? [text] : text) {
    socket.write(part, 'latin1')
    await new Promise((done) => setImmediate(done))
  }
  await new Promise((done) => (socket.closed ? done(null) : socket.once('close', done)))
  return Buffer.concat(chunks).toString('latin1')
}
