/** What the benchmark uses of http-proxy 1.18.1, which carries no types of its own. */
declare module 'http-proxy-bare' {
  import type { Agent, IncomingMessage, ServerResponse } from 'node:http'

  interface BareProxy {
    web(request: IncomingMessage, response: ServerResponse): void
    on(event: 'error', listener: (error: Error) => void): void
  }

  const httpProxy: { createProxyServer(options: { target: string; agent: Agent }): BareProxy }
  export default httpProxy
}
