const STAR = 0x2a
const QUESTION = 0x3f

/**
 * Whether `text` as a whole matches `glob`: `*` stands for any run of characters (`/` too), `?` for exactly
 * one UTF-16 unit, everything else for itself. Takes at most text × glob steps: there is nothing in it that
 * a hostile key id could blow up.
 */
export function matchesGlob(glob: string, text: string): boolean {
  let g = 0
  let t = 0
  let star = -1
  let resume = 0
  while (t < text.length) {
    const wanted = g < glob.length ? glob.charCodeAt(g) : -1
    if (wanted === STAR) {
      star = g++
      resume = t
    } else if (wanted === QUESTION || wanted === text.charCodeAt(t)) {
      g++
      t++
    } else if (star >= 0) {
      g = star + 1
      t = ++resume
    } else {
      return false
    }
  }
  while (g < glob.length && glob.charCodeAt(g) === STAR) g++
  return g === glob.length
}

/** What every text that matches `glob` starts with: the glob up to its first wildcard. */
export function literalPrefix(glob: string): string {
  let end = 0
  while (end < glob.length && glob.charCodeAt(end) !== STAR && glob.charCodeAt(end) !== QUESTION) end++
  return glob.slice(0, end)
}
