import { setTimeout as sleep } from 'node:timers/promises'
import type { Logger } from '../../../plugins/plugin.ts'
import type { StorePlugin } from '../../../plugins/store.ts'
import type { Entry } from '../cache/entry.ts'
import type { CacheView } from '../cache/watch-cache.ts'

/** Upstream's default of --event-ttl. Milliseconds. */
export const EVENT_TTL = 60 * 60_000
/** How often old Events are looked for; more often where they live shorter than ten times this. */
const INTERVAL = 60_000
/** Deletions between two pauses, so that a great many old Events do not hold up requests. */
const BATCH = 200

/** Takes Events away so many milliseconds after they were last written. Runs until the signal aborts. */
export async function expireEvents(
  store: StorePlugin,
  cache: CacheView,
  ttl: number,
  log: Logger,
  signal: AbortSignal,
): Promise<void> {
  const seen = new WeakMap<Entry, number>()
  while (!signal.aborted) {
    await sleep(Math.min(INTERVAL, ttl / 10), undefined, { signal }).catch(() => {})
    if (signal.aborted) return
    try {
      await cache.ready()
      await expire(store, cache, Date.now() - ttl, seen)
    } catch (error) {
      log.warn({ error: (error as Error).message }, 'cannot expire Events')
    }
  }
}

/** `seen` remembers when entries were written, so that each is parsed once. */
async function expire(
  store: StorePlugin,
  cache: CacheView,
  before: number,
  seen: WeakMap<Entry, number>,
): Promise<void> {
  let deletions: Promise<unknown>[] = []
  for (const entry of cache.view().range('')) {
    const time = seen.get(entry) ?? lastSeen(entry)
    seen.set(entry, time)
    if (time >= before) continue
    deletions.push(store.delete(cache.type, entry.key, entry.revision))
    if (deletions.length < BATCH) continue
    await Promise.all(deletions)
    deletions = []
  }
  await Promise.all(deletions)
}

/** When an Event last happened, as far as it says. */
function lastSeen({ object }: Entry): number {
  const times = [
    object.metadata.creationTimestamp,
    object.lastTimestamp,
    object.eventTime,
    object.series?.lastObservedTime,
  ]
  return Math.max(...times.map(time => (time ? Date.parse(time) : 0)))
}
