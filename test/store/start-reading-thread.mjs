// A worker does not inherit the hooks that run TypeScript here.
import { register } from 'tsx/esm/api'

register()
await import('./reading-thread.ts')
