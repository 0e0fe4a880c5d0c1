/** Milliseconds. */
const WINDOW = 1_000

/** How many there are at once: the most of the last second, as upstream tells it. Times are `performance.now()`. */
export class Peak {
  #count = 0
  #most = 0
  #mostBefore = 0
  #since = 0

  enter(now: number): void {
    this.#turn(now)
    this.#count++
    if (this.#count > this.#most) this.#most = this.#count
  }

  leave(now: number): void {
    this.#turn(now)
    this.#count--
  }

  /** The most in the latest whole second, and since. */
  read(now: number): number {
    this.#turn(now)
    return Math.max(this.#most, this.#mostBefore)
  }

  #turn(now: number): void {
    const age = now - this.#since
    if (age < WINDOW) return
    this.#mostBefore = age < 2 * WINDOW ? this.#most : this.#count
    this.#most = this.#count
    this.#since = now
  }
}
