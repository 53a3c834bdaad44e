/** A set of numbers from 0 on, close to each other: one bit each. */
export class NumberSet {
  #bits = new Uint8Array(1024)

  /** false where it was there before. */
  add(number: number): boolean {
    const place = Math.floor(number / 8)
    if (place >= this.#bits.length) {
      const larger = new Uint8Array(Math.max(place + 1, this.#bits.length * 2))
      larger.set(this.#bits)
      this.#bits = larger
    }
    if (this.has(number)) return false
    this.#bits[place] = (this.#bits[place] ?? 0) | (1 << (number % 8))
    return true
  }

  has(number: number): boolean {
    return ((this.#bits[Math.floor(number / 8)] ?? 0) & (1 << (number % 8))) !== 0
  }
}
