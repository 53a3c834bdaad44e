/**
 * Compiles a glob over key ids: `*` stands for any run of characters, the empty one included, `?` for one
 * character (UTF-16 unit), everything else for itself. Case counts. Matching takes at most
 * pattern length × text length steps, whatever the pattern.
 */
export function compileGlob(pattern: string): (text: string) => boolean {
  const star = pattern.indexOf('*')
  if (pattern.includes('?') || (star !== -1 && star !== pattern.length - 1)) {
    return (text) => matches(pattern, text)
  }
  if (star === -1) return (text) => text === pattern
  const prefix = pattern.slice(0, star)
  return (text) => text.startsWith(prefix)
}

/** Going back to the last `*` only is enough: an earlier one could give no match that the last one doesn't. */
function matches(pattern: string, text: string): boolean {
  let at = 0
  let star = -1
  let resume = 0
  for (let index = 0; index < text.length; ) {
    if (pattern[at] === '*') {
      star = at++
      resume = index
    } else if (pattern[at] === '?' || pattern[at] === text[index]) {
      at++
      index++
    } else if (star !== -1) {
      at = star + 1
      index = ++resume
    } else return false
  }
  while (pattern[at] === '*') at++
  return at === pattern.length
}
