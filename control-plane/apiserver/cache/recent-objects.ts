/** Objects that stay parsed for whoever hears of them, and wants to see them, at once. */
const MOST = 64

/**
 * What was written last, so that it need not be parsed when it is told to those who follow. Held strongly and for a short
 * while: the collector of young objects takes weak references for strong ones, and moved each new object twice before it
 * found that nobody had it.
 */
export class RecentObjects<Holder extends { forget(): void }> {
  #holders: Holder[] = []
  #next = 0

  /** Whoever came so many holders ago is told to forget. */
  add(holder: Holder): void {
    this.#holders[this.#next]?.forget()
    this.#holders[this.#next] = holder
    this.#next = (this.#next + 1) % MOST
  }
}
