import { existsSync } from 'node:fs'
import { join } from 'node:path'
import fastifyStatic from '@fastify/static'
import type { FastifyInstance } from 'fastify'
import type { HistoryContext } from './options.ts'

/** Everything the page consists of: no other file of the directory is served. */
const FILES = ['console.js', 'console.css', 'icon.svg'] as const

/**
 * Scripts, styles and requests of this origin alone; no inline script or style, no markup from strings but what
 * the page's own templates make (Trusted Types), no frame around it and no address it could be sent to.
 */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  'trusted-types lit-html',
].join(';')

/** The console page at `/`; anybody may load it, for it shows nothing but what the API lets its reader see. */
export async function consoleRoutes(
  app: FastifyInstance,
  { consoleDir = null }: HistoryContext,
): Promise<void> {
  if (consoleDir === null || !existsSync(join(consoleDir, 'index.html'))) return
  await app.register(fastifyStatic, { root: consoleDir, serve: false, cacheControl: false })
  const route = (path: string, file: string): void => {
    app.get(path, { config: { requires: 'page' }, schema: { hide: true } }, (_request, reply) => {
      // Asked for each time, answered with 304 where nothing has changed.
      reply.header('cache-control', 'no-cache').header('content-security-policy', POLICY)
      return reply.sendFile(file)
    })
  }
  route('/', 'index.html')
  for (const file of FILES) route(`/${file}`, file)
}
