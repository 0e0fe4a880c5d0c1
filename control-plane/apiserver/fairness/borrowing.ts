import { type Allocation, allocate } from './allocation.ts'
import type { PriorityLevel } from './priority-level.ts'

/**
 * Gives each level the seats it may use until the next time (KEP-1040): exempt requests take what they take, the others
 * share what is left by what they have asked for, within what they lend and borrow. Returns the fraction of their targets
 * that levels get.
 */
export function adjustLimits(levels: readonly PriorityLevel[], serverSeats: number, now: number): number {
  for (const level of levels) level.review(now)
  const limited = levels.filter(level => !level.isExempt)
  const exempt = levels.filter(level => level.isExempt)
  const nominal = sum(levels.map(level => level.nominal))
  for (const level of exempt) {
    level.current = Math.max(level.least, level.demand.peak)
    level.target = level.current
  }
  for (const level of limited) level.target = Math.max(leastNow(level), level.smoothed)
  const fraction = share(limited, nominal, nominal - sum(exempt.map(level => level.current)))
  for (const level of levels) {
    const denominator = level.current > 0 ? level.current : Math.max(1, Math.round(serverSeats / 10))
    level.requests.configure(level.queuing, level.current, denominator, now)
  }
  return fraction
}

/** What a level has used lately it keeps, up to what is configured for it. */
const leastNow = ({ least, nominal, demand }: PriorityLevel): number =>
  Math.max(least, Math.min(nominal, demand.peak))

function share(levels: readonly PriorityLevel[], nominal: number, remaining: number): number {
  const least = sum(levels.map(level => level.least))
  const wanted = sum(levels.map(leastNow))
  if (remaining <= least) {
    for (const level of levels) level.current = level.least
    return 0
  }
  if (remaining <= wanted) {
    const part = (remaining - least) / (wanted - least)
    for (const level of levels)
      level.current = level.least + Math.round((leastNow(level) - level.least) * part)
    return 0
  }
  const allocation = tryAllocate(levels, nominal)
  if (!allocation) return 0
  for (const [i, level] of levels.entries()) level.current = Math.round(allocation.shares[i]!)
  return allocation.fraction
}

/** Where bounds leave no solution, limits stay as they are. */
function tryAllocate(levels: readonly PriorityLevel[], total: number): Allocation | undefined {
  const claims = levels.map(level => ({ target: level.target, least: leastNow(level), most: level.most }))
  try {
    return allocate(total, claims)
  } catch {
    return undefined
  }
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0)
