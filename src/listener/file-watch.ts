import { type StatsListener, unwatchFile, watchFile } from 'node:fs'

/** How often the files are looked at, in ms. */
const INTERVAL_MS = 1000

/**
 * Calls `changed` once any of the files is another one or has other content, and all have rested for one look: who
 * replaces a certificate and its key writes two files. Looks at them by name, again and again: links that are
 * swapped (as Kubernetes does) and network file systems tell no watcher. Returns what ends it; keeps no process alive.
 */
export function watchFiles(files: readonly string[], changed: () => void): () => void {
  let rest: NodeJS.Timeout | undefined
  const onChange: StatsListener = () => {
    clearTimeout(rest)
    rest = setTimeout(changed, INTERVAL_MS).unref()
  }
  for (const file of files) watchFile(file, { interval: INTERVAL_MS, persistent: false }, onChange)
  return () => {
    clearTimeout(rest)
    for (const file of files) unwatchFile(file, onChange)
  }
}
