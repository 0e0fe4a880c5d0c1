import { LRUCache } from 'lru-cache'
import type { ApiObject } from '../meta/object.ts'
import { toTime } from '../meta/time.ts'

/** The object an event is about. */
export type Involved = Pick<ApiObject, 'apiVersion' | 'kind' | 'metadata'>

/** An Event of the core group, as it is written. */
export interface CoreEvent {
  apiVersion: 'v1'
  kind: 'Event'
  metadata: { name: string; namespace: string }
  involvedObject: { kind: string; name: string } & Record<string, string>
  reason: string
  message: string
  type: string
  source: { component: string; host?: string }
  reportingComponent: string
  reportingInstance: string
  firstTimestamp: string
  lastTimestamp: string
  eventTime: null
  count: number
}

/** Keeps repeated and similar events few, as client-go's EventCorrelator does. */
export interface EventCorrelator {
  /** What is to be written of an event, or nothing: one that counts more than 1 is there already, to be patched. */
  correlate(event: CoreEvent, at: number): CoreEvent | undefined
}

const MOST_REMEMBERED = 4_096
/** From so many different messages of the same reason on, each within `SIMILAR_WITHIN` of the last, they share one event. */
const MOST_SIMILAR = 10
const SIMILAR_WITHIN = 600_000
/** Events of one source about one object in a burst, and one more every so many milliseconds. */
const BURST = 25
const REFILL = 300_000

export function createEventCorrelator(): EventCorrelator {
  const similar = new LRUCache<string, { messages: Set<string>; at: number }>({ max: MOST_REMEMBERED })
  const known = new LRUCache<string, { name: string; count: number; since: string }>({ max: MOST_REMEMBERED })
  const buckets = new LRUCache<string, { tokens: number; at: number }>({ max: MOST_REMEMBERED })

  /** The event itself, or the one that stands for it and its like; and what it is known by. */
  function combine(event: CoreEvent, at: number): { event: CoreEvent; key: string } {
    const group = groupKey(event)
    const before = similar.get(group)
    const messages = before && at - before.at <= SIMILAR_WITHIN ? before.messages : new Set<string>()
    messages.add(event.message)
    similar.set(group, { messages, at })
    if (messages.size < MOST_SIMILAR) return { event, key: eventKey(event) }
    messages.delete(messages.values().next().value!)
    return { event: combined(event, at), key: group }
  }

  function count(event: CoreEvent, key: string): CoreEvent {
    const before = known.get(key)
    const metadata = { ...event.metadata, name: before?.name ?? event.metadata.name }
    const firstTimestamp = before?.since ?? event.firstTimestamp
    const counted = { ...event, metadata, firstTimestamp, count: (before?.count ?? 0) + 1 }
    known.set(key, { name: metadata.name, count: counted.count, since: firstTimestamp })
    return counted
  }

  function takeToken(event: CoreEvent, at: number): boolean {
    const key = spamKey(event)
    const bucket = buckets.get(key) ?? { tokens: BURST, at }
    const tokens = Math.min(BURST, bucket.tokens + (at - bucket.at) / REFILL)
    const isLeft = tokens >= 1
    buckets.set(key, { tokens: isLeft ? tokens - 1 : tokens, at })
    return isLeft
  }

  return {
    correlate(event, at) {
      const { event: told, key } = combine(event, at)
      const counted = count(told, key)
      return takeToken(counted, at) ? counted : undefined
    },
  }
}

function combined(event: CoreEvent, at: number): CoreEvent {
  const time = toTime(new Date(at))
  return {
    ...event,
    message: `(combined from similar events): ${event.message}`,
    reportingComponent: '',
    reportingInstance: '',
    firstTimestamp: time,
    lastTimestamp: time,
  }
}

const objectParts = ({ source, involvedObject: about }: CoreEvent): (string | undefined)[] => [
  source.component,
  source.host,
  about.kind,
  about.namespace,
  about.name,
  about.uid,
  about.apiVersion,
]

const keyOf = (event: CoreEvent, ...more: (string | undefined)[]): string =>
  [...objectParts(event), event.type, ...more].join('\0')

const spamKey = (event: CoreEvent): string => keyOf(event)
const groupKey = (event: CoreEvent): string =>
  keyOf(event, event.reason, event.reportingComponent, event.reportingInstance)
const eventKey = (event: CoreEvent): string =>
  keyOf(event, event.reason, event.message, event.involvedObject.fieldPath)
