/** Turns counters into rates, from one measurement of the same thing to the next. */
export interface Rates {
  /** Units a second since the last measurement; undefined at the first. `at` is in milliseconds. */
  perSecond(key: string, total: number, at: number): number | undefined
}

/** Shorter times give no sensible rate: the one before holds (milliseconds). */
const SHORTEST = 500
/** What was not measured for so long is forgotten. */
const FORGOTTEN = 600_000

interface Known {
  total: number
  at: number
  rate: number | undefined
}

export function createRates(): Rates {
  const known = new Map<string, Known>()
  let sweptAt = Date.now()
  return {
    perSecond(key, total, at) {
      if (Date.now() - sweptAt > FORGOTTEN) {
        sweptAt = Date.now()
        for (const [name, entry] of known) if (sweptAt - entry.at > FORGOTTEN) known.delete(name)
      }
      const before = known.get(key)
      if (before && at - before.at < SHORTEST) return before.rate
      // A counter that fell is another one: the container was started anew.
      const isSame = before !== undefined && total >= before.total
      const rate = isSame ? Math.round(((total - before.total) * 1_000) / (at - before.at)) : undefined
      known.set(key, { total, at, rate })
      return rate
    },
  }
}
