import { setTimeout as sleep } from 'node:timers/promises'
import type { Logger } from '../../../plugins/plugin.ts'
import type { StorePlugin } from '../../../plugins/store.ts'
import type { Entry } from '../cache/entry.ts'
import type { CacheView } from '../cache/watch-cache.ts'

/** Upstream's --event-ttl. Milliseconds. */
const LIFETIME = 60 * 60_000
const INTERVAL = 60_000
/** Deletions between two pauses, so that a great many old Events do not hold up requests. */
const BATCH = 200

/** Takes Events away an hour after they were last written. Runs until the signal aborts. */
export async function expireEvents(
  store: StorePlugin,
  cache: CacheView,
  log: Logger,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    await sleep(INTERVAL, undefined, { signal }).catch(() => {})
    if (signal.aborted) return
    try {
      await cache.ready()
      await expire(store, cache, Date.now() - LIFETIME)
    } catch (error) {
      log.warn({ error: (error as Error).message }, 'cannot expire Events')
    }
  }
}

async function expire(store: StorePlugin, cache: CacheView, before: number): Promise<void> {
  let deletions: Promise<unknown>[] = []
  for (const entry of cache.view().range('')) {
    if (lastSeen(entry) >= before) continue
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
