/** Share of a name's letters that a slip may get wrong. */
const MAX_SLIPS = 0.4

const MAX_LENGTH = 100

/** The candidate that `name` is most likely a slip of; null where none is near. Case does not count. */
export function nearest(name: string, candidates: Iterable<string>): string | null {
  // what is much longer than any name is near none, however long it is
  const given = name.slice(0, MAX_LENGTH).toLowerCase()
  let best: string | null = null
  let least = Math.max(1, Math.floor(given.length * MAX_SLIPS)) + 1
  for (const candidate of candidates) {
    const distance = editDistance(given, candidate.toLowerCase())
    if (distance < least) {
      least = distance
      best = candidate
    }
  }
  return best
}

/** Levenshtein distance: insertions, deletions and replacements from one to the other. */
function editDistance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, index) => index)
  for (let i = 1; i <= from.length; i++) {
    const next = [i]
    for (let j = 1; j <= to.length; j++) {
      const replaced = (row[j - 1] ?? 0) + (from[i - 1] === to[j - 1] ? 0 : 1)
      next.push(Math.min(replaced, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1))
    }
    row = next
  }
  return row[to.length] ?? 0
}
