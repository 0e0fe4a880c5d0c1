import { events } from '../kinds/core.ts'
import { isNotFound } from '../meta/status.ts'
import { toTime } from '../meta/time.ts'
import type { Client } from './client.ts'
import { type CoreEvent, createEventCorrelator, type Involved } from './event-correlator.ts'

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

/** A recorder that writes as `component` on `host`. */
export function createEventRecorder(
  client: Client,
  source: { component: string; host?: string },
): EventRecorder {
  const correlator = createEventCorrelator()
  let last: Promise<void> = Promise.resolve()
  return {
    event(object, type, reason, message, fieldPath) {
      const at = Date.now()
      const time = toTime(new Date(at))
      const involvedObject = { ...reference(object), ...(fieldPath && { fieldPath }) }
      const event = correlator.correlate(
        {
          apiVersion: 'v1',
          kind: 'Event',
          metadata: nameEvent(object),
          involvedObject,
          reason,
          message,
          type,
          source,
          reportingComponent: source.component,
          reportingInstance: source.host ?? '',
          firstTimestamp: time,
          lastTimestamp: time,
          eventTime: null,
          count: 1,
        },
        at,
      )
      if (event) last = last.then(() => write(client, event)).catch(() => {})
    },
    flush: () => last,
  }
}

/** A reference to the object as it was when something happened to it. */
export function reference({ apiVersion, kind, metadata }: Involved): CoreEvent['involvedObject'] {
  const { name, namespace, uid, resourceVersion } = metadata
  return {
    ...(apiVersion && { apiVersion }),
    kind,
    name,
    ...(namespace && { namespace }),
    ...(uid && { uid }),
    ...(resourceVersion && { resourceVersion }),
  }
}

const LONGEST_NAME = 253
let latest = 0n

/** An event's name: its object's, and the time in nanoseconds, which no two events of this process share. */
export function nameEvent({ metadata: { name, namespace } }: Involved): CoreEvent['metadata'] {
  const time = BigInt(Date.now()) * 1_000_000n + (process.hrtime.bigint() % 1_000_000n)
  latest = time > latest ? time : latest + 1n
  const suffix = `.${latest.toString(16)}`
  return { name: name.slice(0, LONGEST_NAME - suffix.length) + suffix, namespace: namespace || 'default' }
}

/** One that counts more than 1 is there already, or was until it expired. */
async function write(client: Client, event: CoreEvent): Promise<void> {
  if (event.count > 1 && (await countUp(client, event))) return
  await client.create(events, event as never)
}

async function countUp(client: Client, { metadata, count, message, lastTimestamp }: CoreEvent) {
  const body = { count, message, lastTimestamp }
  try {
    await client.patch(events, metadata, { type: 'strategic', body })
    return true
  } catch (error) {
    if (isNotFound(error)) return false
    throw error
  }
}
