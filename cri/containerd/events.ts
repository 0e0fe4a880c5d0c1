import type { RuntimeEvent } from '../../plugins/runtime.ts'
import type { Channel } from '../channel.ts'
import { codec } from '../wire/codec.ts'

const SUBSCRIBE = '/containerd.services.events.v1.Events/Subscribe'
/** containerd's namespace of what CRI makes, and the topics that change a container's state. */
const FILTER = 'namespace==k8s.io,topic~=^/tasks/(start|exit|oom|delete)$'

const TOPICS: Record<string, { type: RuntimeEvent['type']; message: string }> = {
  '/tasks/start': { type: 'started', message: 'TaskStart' },
  '/tasks/exit': { type: 'exited', message: 'TaskExit' },
  '/tasks/oom': { type: 'oom', message: 'TaskOOM' },
  '/tasks/delete': { type: 'deleted', message: 'TaskDelete' },
}

/**
 * containerd's own event stream as runtime events; all versions have it. What happens to processes started by exec is
 * left out: their `id` is not the container's.
 */
export async function* containerdEvents(channel: Channel, signal: AbortSignal): AsyncGenerator<RuntimeEvent> {
  const types = { request: 'SubscribeRequest', response: 'Envelope' }
  for await (const { topic, event } of channel.stream(SUBSCRIBE, types, { filters: [FILTER] }, signal)) {
    const known = TOPICS[topic as string]
    if (!known || !event) continue
    const { containerId, id } = codec(known.message).decode(event.value)
    const isExec = Boolean(id) && id !== containerId
    if (containerId && !isExec) yield { type: known.type, id: containerId }
  }
}
