import { createConnection } from 'node:net'

/** Longest wait for a connection, in ms. */
const TIMEOUT_MS = 1000

/** Whether somebody accepts connections at the origin `url`; null if so, else why not. */
export function probeUpstream(url: string): Promise<string | null> {
  const { protocol, hostname, port } = new URL(url)
  const host = hostname.startsWith('[') ? hostname.slice(1, -1) : hostname
  return new Promise((done) => {
    const socket = createConnection({ host, port: Number(port) || (protocol === 'https:' ? 443 : 80) })
    const end = (reason: string | null): void => {
      socket.destroy()
      done(reason)
    }
    socket.setTimeout(TIMEOUT_MS, () => end(`upstream ${url}: no connection within ${TIMEOUT_MS} ms`))
    socket.once('connect', () => end(null))
    socket.once('error', (error: NodeJS.ErrnoException) =>
      end(`upstream ${url}: ${error.code ?? error.message}`),
    )
  })
}
