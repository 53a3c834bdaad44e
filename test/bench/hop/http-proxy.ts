import { Agent, createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import httpProxy from 'http-proxy-bare'

/** The bare hop that everything is measured against: http-proxy 1.18.1 with kept-alive connections, no records. */
const [target = ''] = process.argv.slice(2)
const proxy = httpProxy.createProxyServer({ target, agent: new Agent({ keepAlive: true }) })
proxy.on('error', (error) => {
  throw error
})
const server = createServer((request, response) => proxy.web(request, response))
server.listen(0, '127.0.0.1', () => {
  process.send?.({ url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` })
})
process.on('disconnect', () => process.exit())
