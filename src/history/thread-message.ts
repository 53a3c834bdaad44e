import type { Readiness } from './options.ts'

/** What the history's thread says to the proxy's. */
export type FromHistory =
  | { readonly kind: 'listening'; readonly url: string }
  | { readonly kind: 'failed'; readonly code: string; readonly message: string }
  | { readonly kind: 'ask'; readonly id: number; readonly what: 'metrics' | 'readiness' }

/** What the proxy's thread says to the history's. */
export type ToHistory =
  | { readonly kind: 'answer'; readonly id: number; readonly value: string | Readiness }
  | { readonly kind: 'reload-tls' }
  | { readonly kind: 'close' }
