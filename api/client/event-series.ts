import { LRUCache } from 'lru-cache'
import { events } from '../kinds/events.ts'
import { isNotFound } from '../meta/status.ts'
import { nowMicro } from '../meta/time.ts'
import type { Client } from './client.ts'
import type { Involved } from './event-correlator.ts'
import { nameEvent, reference } from './event-recorder.ts'

/** An event in the words of events.k8s.io/v1. */
export interface Happening {
  regarding: Involved
  related?: Involved
  type: 'Normal' | 'Warning'
  reason: string
  /** What was done, or failed. */
  action: string
  note: string
}

/** Records events of events.k8s.io/v1. Never throws and never waits: an event that cannot be written is dropped. */
export interface SeriesRecorder {
  record(happening: Happening): void
}

interface Told {
  metadata: { name: string; namespace: string }
  series?: { count: number; lastObservedTime: string }
}

const MOST_REMEMBERED = 4_096
/** What does not happen again for so long has come to its end (milliseconds). */
const SERIES_END = 360_000

/**
 * A recorder that writes as `controller`. What happens again (to the same version of an object, for the same reason, whatever
 * the note) begins a series: the second time is written, how many followed is told when the series ends.
 * @param instance the process that reports
 */
export function createSeriesRecorder(client: Client, controller: string, instance: string): SeriesRecorder {
  const told = new LRUCache<string, Told>({
    max: MOST_REMEMBERED,
    ttl: SERIES_END,
    ttlAutopurge: false,
    noDisposeOnSet: true,
    dispose: known => {
      if (known.series && known.series.count > 2) enqueue(() => tellSeries(client, known))
    },
  })
  let last: Promise<void> = Promise.resolve()
  const enqueue = (write: () => Promise<unknown>): void => {
    last = last.then(write).then(
      () => {},
      () => {},
    )
  }
  return {
    record(happening) {
      told.purgeStale()
      const key = keyOf(happening)
      const known = told.get(key)
      if (!known) {
        const event = eventOf(happening, controller, instance)
        told.set(key, { metadata: event.metadata })
        enqueue(() => client.create(events, event as never))
        return
      }
      const isFirst = !known.series
      known.series = { count: (known.series?.count ?? 1) + 1, lastObservedTime: nowMicro() }
      told.set(key, known)
      if (!isFirst) return
      const event = { ...eventOf(happening, controller, instance), ...known }
      enqueue(async () => {
        if (!(await tellSeries(client, known))) await client.create(events, event as never)
      })
    },
  }
}

/** False when the event is gone. */
async function tellSeries(client: Client, { metadata, series }: Told): Promise<boolean> {
  try {
    await client.patch(events, metadata, { type: 'strategic', body: { series } })
    return true
  } catch (error) {
    if (isNotFound(error)) return false
    throw error
  }
}

function eventOf({ regarding, related, ...said }: Happening, controller: string, instance: string) {
  return {
    apiVersion: 'events.k8s.io/v1',
    kind: 'Event',
    metadata: nameEvent(regarding),
    eventTime: nowMicro(),
    reportingController: controller,
    reportingInstance: instance,
    ...said,
    regarding: reference(regarding),
    ...(related && { related: reference(related) }),
  }
}

const keyOf = ({ regarding, related, type, reason, action }: Happening): string =>
  JSON.stringify([type, action, reason, reference(regarding), related && reference(related)])
