const SECOND = 1_000

/** Lets so many a second start, and some more after a rest. Times are milliseconds, as `performance.now()` tells them. */
export class TokenBucket {
  readonly #qps: number
  readonly #burst: number
  #tokens: number
  #at = 0

  constructor(qps: number, burst: number) {
    this.#qps = qps
    this.#burst = burst
    this.#tokens = burst
  }

  /** Takes a token and gives 0, or gives the milliseconds until there is one. */
  take(now: number): number {
    this.#tokens = Math.min(this.#burst, this.#tokens + ((now - this.#at) / SECOND) * this.#qps)
    this.#at = now
    if (this.#tokens >= 1) {
      this.#tokens--
      return 0
    }
    return Math.ceil(((1 - this.#tokens) / this.#qps) * SECOND)
  }
}
