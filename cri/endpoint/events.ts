import type { RuntimeEvent } from '../../plugins/runtime.ts'
import type { Channel } from '../channel.ts'

const GET_EVENTS = '/runtime.v1.RuntimeService/GetContainerEvents'

const TYPES: Record<string, RuntimeEvent['type']> = {
  CONTAINER_STARTED_EVENT: 'started',
  CONTAINER_STOPPED_EVENT: 'exited',
  CONTAINER_DELETED_EVENT: 'deleted',
}

/** CRI's own event stream (evented PLEG, KEP-3386). Rejects with code 12 (`UNIMPLEMENTED`) where the endpoint has none. */
export async function* criEvents(channel: Channel, signal: AbortSignal): AsyncGenerator<RuntimeEvent> {
  const types = { request: 'GetEventsRequest', response: 'ContainerEventResponse' }
  for await (const { containerId, containerEventType } of channel.stream(GET_EVENTS, types, {}, signal)) {
    const type = TYPES[containerEventType as string]
    if (type && containerId) yield { type, id: containerId }
  }
}
