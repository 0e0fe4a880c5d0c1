/** A share that is to be found: as near to its part of the target as its bounds let it be. */
export interface Claim {
  target: number
  least: number
  most: number
}

export interface Allocation {
  shares: number[]
  /** Each share is this times its target, but for those that are held by a bound. */
  fraction: number
}

/** Targets below this count as this, so that nobody's claim is nothing. */
const LEAST_TARGET = 0.001
const EPSILON = 1e-7

/**
 * Divides a total among claims: the fraction of the targets is the same for all whose bounds allow it (KEP-1040).
 * @throws where the bounds leave no solution
 */
export function allocate(total: number, claims: readonly Claim[]): Allocation {
  const targets = claims.map(({ target }) => Math.max(target, LEAST_TARGET))
  const sharesAt = (fraction: number) =>
    claims.map(({ least, most }, i) => Math.max(least, Math.min(most, fraction * targets[i]!)))
  const sumAt = (fraction: number) => sharesAt(fraction).reduce((sum, share) => sum + share, 0)
  // Where a claim reaches one of its bounds, the sum of all shares changes its slope; in between it is a line.
  const bends = claims.flatMap(({ least, most }, i) => [least / targets[i]!, most / targets[i]!])
  bends.sort((a, b) => a - b)
  const [first = 0] = bends
  const last = bends.at(-1) ?? 0
  if (sumAt(first) > total + EPSILON) throw new Error(`the least shares add up to more than ${total}`)
  if (sumAt(last) < total - EPSILON) throw new Error(`the largest shares add up to less than ${total}`)
  let from = first
  for (const to of bends) {
    if (sumAt(to) < total) from = to
    else return between(from, to)
  }
  return { shares: sharesAt(last), fraction: last }

  function between(low: number, high: number): Allocation {
    const [start, end] = [sumAt(low), sumAt(high)]
    const fraction = end - start < EPSILON ? low : low + ((high - low) * (total - start)) / (end - start)
    return { shares: sharesAt(fraction), fraction }
  }
}
