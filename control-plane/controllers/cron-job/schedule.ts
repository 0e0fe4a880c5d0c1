import { Cron } from 'croner'

/** When a CronJob is due. Times in milliseconds since the epoch. */
export interface Schedule {
  /** The first time after `after`; undefined when there is none. */
  next(after: number): number | undefined
}

const EVERY = /^@every\s+(.+)$/
const UNITS: Record<string, number> = { ns: 1e-6, us: 1e-3, ms: 1, s: 1000, m: 60_000, h: 3_600_000 }

/**
 * Reads a schedule: five fields, `@daily` and its like, or `@every 1h30m`.
 * @param timeZone name of the tz database; that of this process where left out
 * @throws Error when it cannot be read
 */
export function parseSchedule(text: string, timeZone?: string): Schedule {
  const interval = EVERY.exec(text.trim())?.[1]
  if (interval !== undefined) return every(parseDuration(interval))
  const cron = new Cron(text.trim(), { paused: true, ...(timeZone && { timezone: timeZone }) })
  return { next: after => cron.nextRun(new Date(after))?.getTime() }
}

/** Go's way to write durations: `1h30m`. Milliseconds. */
function parseDuration(text: string): number {
  const parts = [...text.matchAll(/(\d+(?:\.\d+)?)(ns|us|ms|s|m|h)/g)]
  if (parts.length === 0 || parts.map(([part]) => part).join('') !== text) {
    throw new Error(`failed to parse duration @every ${text}: time: invalid duration "${text}"`)
  }
  return parts.reduce((sum, [, value, unit]) => sum + Number(value) * UNITS[unit!]!, 0)
}

/** Whole seconds, at least one. */
function every(interval: number): Schedule {
  const step = Math.max(1000, Math.floor(interval / 1000) * 1000)
  return { next: after => Math.floor(after / 1000) * 1000 + step }
}

/** More missed times than these are not counted one by one. */
const MOST_MISSED = 100

export interface Missed {
  /** The last time that has come since. */
  latest: number
  /** How many have come; {@link MOST_MISSED} stands for that or more. */
  count: number
}

/** The times that came after `since`, up to `now`; undefined when none has. */
export function missedTimes(schedule: Schedule, since: number, now: number): Missed | undefined {
  let latest: number | undefined
  let count = 0
  for (let at = schedule.next(since); at !== undefined && at <= now; at = schedule.next(at)) {
    latest = at
    if (++count === MOST_MISSED) return { latest: lastBefore(schedule, latest, now), count }
  }
  return latest === undefined ? undefined : { latest, count }
}

/** The last time up to `now`, found from the end backwards in steps that double. */
function lastBefore(schedule: Schedule, known: number, now: number): number {
  for (let back = 60_000; now - back > known; back *= 2) {
    let latest: number | undefined
    for (let at = schedule.next(now - back); at !== undefined && at <= now; at = schedule.next(at))
      latest = at
    if (latest !== undefined) return latest
  }
  let latest = known
  for (let at = schedule.next(known); at !== undefined && at <= now; at = schedule.next(at)) latest = at
  return latest
}
