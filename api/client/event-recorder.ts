import { randomBytes } from 'node:crypto'
import { events } from '../kinds/core.ts'
import type { ApiObject } from '../meta/object.ts'
import { isAlreadyExists, isNotFound } from '../meta/status.ts'
import { now } from '../meta/time.ts'
import type { Client } from './client.ts'

/** The object an event is about. */
type Involved = Pick<ApiObject, 'apiVersion' | 'kind' | 'metadata'>

/** Records what happened to an object. Never throws and never waits: an event that cannot be written is dropped. */
export interface EventRecorder {
  event(
    object: Involved,
    type: 'Normal' | 'Warning',
    reason: string,
    message: string,
    fieldPath?: string,
  ): void
  /** Resolves when all recorded so far is written or dropped. */
  flush(): Promise<void>
}

interface Seen {
  name: string
  namespace: string
  count: number
  /** Milliseconds. */
  at: number
}

/** The same event within this time raises the count of the first. */
const SAME_EVENT_TTL = 600_000
const MOST_REMEMBERED = 4_096
/** Events one object may have in a burst, and one more every so many milliseconds after it (client-go's spam filter). */
const BURST = 25
const REFILL = 300_000
const LONGEST_MESSAGE = 1_024

/** A recorder that writes as `component` on `host`. */
export function createEventRecorder(
  client: Client,
  source: { component: string; host?: string },
): EventRecorder {
  const seen = new Map<string, Seen>()
  const tokens = new Map<string, { left: number; at: number }>()
  let last: Promise<void> = Promise.resolve()
  return {
    event(object, type, reason, message, fieldPath) {
      if (!takeToken(tokens, object.metadata.uid ?? object.metadata.name)) return
      const text = message.slice(0, LONGEST_MESSAGE)
      const id = [object.metadata.uid, object.kind, object.metadata.name, type, reason, text, fieldPath].join(
        '|',
      )
      const write = (): Promise<void> =>
        record(client, seen, id, { object, type, reason, text, fieldPath, source })
      last = last.then(write).catch(() => {})
    },
    flush: () => last,
  }
}

function takeToken(tokens: Map<string, { left: number; at: number }>, id: string): boolean {
  const time = Date.now()
  const bucket = tokens.get(id) ?? { left: BURST, at: time }
  const refilled = Math.floor((time - bucket.at) / REFILL)
  bucket.left = Math.min(BURST, bucket.left + refilled)
  if (refilled > 0) bucket.at = time
  if (tokens.size > MOST_REMEMBERED) tokens.clear()
  tokens.set(id, bucket)
  if (bucket.left <= 0) return false
  bucket.left -= 1
  return true
}

interface Record {
  object: Involved
  type: string
  reason: string
  text: string
  fieldPath: string | undefined
  source: { component: string; host?: string }
}

async function record(client: Client, seen: Map<string, Seen>, id: string, event: Record): Promise<void> {
  const before = seen.get(id)
  if (before && Date.now() - before.at < SAME_EVENT_TTL && (await countUp(client, before))) return
  const namespace = event.object.metadata.namespace ?? 'default'
  const name = `${event.object.metadata.name}.${randomBytes(8).toString('hex')}`
  await client.create(events, eventObject(name, namespace, event)).catch(error => {
    if (!isAlreadyExists(error)) throw error
  })
  if (seen.size > MOST_REMEMBERED) seen.clear()
  seen.set(id, { name, namespace, count: 1, at: Date.now() })
}

/** False when the event is gone, as events expire. */
async function countUp(client: Client, seen: Seen): Promise<boolean> {
  const body = { count: seen.count + 1, lastTimestamp: now() }
  try {
    await client.patch(events, seen, { type: 'merge', body })
  } catch (error) {
    if (isNotFound(error)) return false
    throw error
  }
  seen.count += 1
  seen.at = Date.now()
  return true
}

function eventObject(
  name: string,
  namespace: string,
  { object, type, reason, text, fieldPath, source }: Record,
) {
  const { apiVersion, kind, metadata } = object
  const time = now()
  return {
    apiVersion: 'v1',
    kind: 'Event',
    metadata: { name, namespace },
    involvedObject: {
      apiVersion,
      kind,
      name: metadata.name,
      ...(metadata.namespace && { namespace: metadata.namespace }),
      ...(metadata.uid && { uid: metadata.uid }),
      ...(metadata.resourceVersion && { resourceVersion: metadata.resourceVersion }),
      ...(fieldPath && { fieldPath }),
    },
    reason,
    message: text,
    type,
    source,
    reportingComponent: source.component,
    reportingInstance: source.host ?? '',
    firstTimestamp: time,
    lastTimestamp: time,
    count: 1,
  }
}
