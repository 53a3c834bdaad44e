import { createServer } from 'node:net'

/** Where the demo listens, on 127.0.0.1; 0 is any free port. */
export interface DemoPorts {
  readonly api: number
  readonly console: number
  readonly history: number
}

const ANY: DemoPorts = { api: 0, console: 0, history: 0 }

/** The ports of the documented default configuration, with one more for the console. */
const DEFAULT: DemoPorts = { api: 8300, console: 8301, history: 8400 }

/** The ports that `first` (0 for any) leads to; without one the default ports, where they are free. */
export async function choosePorts(first: number | undefined): Promise<DemoPorts> {
  if (first === 0) return ANY
  if (first !== undefined) return { api: first, console: first + 1, history: first + 2 }
  const [api, console, history] = await Promise.all(
    [DEFAULT.api, DEFAULT.console, DEFAULT.history].map(freePort),
  )
  return { api: api ?? 0, console: console ?? 0, history: history ?? 0 }
}

/** `port` if it can be listened on, else 0. */
function freePort(port: number): Promise<number> {
  return new Promise((done) => {
    const server = createServer()
    server.once('error', () => done(0))
    server.listen(port, '127.0.0.1', () => server.close(() => done(port)))
  })
}
