const LONGEST = 32
const SECOND = 1_000

interface Second {
  at: number
  count: number
}

interface Drops {
  history: Second[]
  current: Second
  seconds: number
  raisedAt: number
}

/**
 * After how many seconds who was refused should come again: the more requests of a level are refused, the later. It
 * doubles when three a second were refused for as long as it is, and goes down by one when less than one a second was.
 */
export class RetryAfter {
  readonly #levels = new Map<string, Drops>()
  readonly #clock: () => number

  /** `clock` gives milliseconds. */
  constructor(clock: () => number = Date.now) {
    this.#clock = clock
  }

  /** Notes that a request was refused and tells when to come again, in seconds. */
  refused(level: string): number {
    const now = Math.floor(this.#clock() / SECOND)
    let drops = this.#levels.get(level)
    if (!drops) {
      drops = { history: [], current: { at: 0, count: 0 }, seconds: 1, raisedAt: 0 }
      this.#levels.set(level, drops)
    }
    if (drops.current.at === now) drops.current.count++
    else {
      drops.history.push(drops.current)
      drops.current = { at: now, count: 1 }
      update(drops, now)
    }
    return drops.seconds
  }
}

function update(drops: Drops, now: number): void {
  const { seconds } = drops
  drops.history = drops.history.filter(({ at }) => now - at <= Math.min(2 * seconds, LONGEST))
  const lately = drops.history.filter(({ at }) => now - at <= seconds)
  const refused = lately.reduce((sum, { count }) => sum + count, 0)
  if (now - drops.raisedAt >= seconds && refused >= 3 * seconds) {
    drops.seconds = Math.min(2 * seconds, LONGEST)
    drops.raisedAt = now
  } else if (refused < seconds && seconds > 1) drops.seconds--
}
