/** Resolves with the first value of `probe` that is not null; looks again every few ms, for at most `limitMs`. */
export async function until<T>(probe: () => Promise<T | null> | T | null, limitMs = 20_000): Promise<T> {
  const deadline = performance.now() + limitMs
  for (;;) {
    const value = await probe()
    if (value !== null) return value
    if (performance.now() > deadline) throw new Error(`waited ${limitMs} ms in vain`)
    await new Promise((done) => setTimeout(done, 10))
  }
}
