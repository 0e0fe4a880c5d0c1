import type { RuntimeEvent } from '../../plugins/runtime.ts'
import type { Channel } from '../channel.ts'
import { codec } from '../wire/codec.ts'

const SUBSCRIBE = '/containerd.services.events.v1.Events/Subscribe'
/** containerd's namespace of what CRI makes, and the topics that change a container's state. */
const FILTER = 'namespace==k8s.io,topic~=^/tasks/(start|exit|oom|delete)$'

const TYPES: Record<string, RuntimeEvent['type']> = {
  '/tasks/start': 'started',
  '/tasks/exit': 'exited',
  '/tasks/oom': 'oom',
  '/tasks/delete': 'deleted',
}

/**
 * containerd's own event stream as runtime events. Exits of processes started by exec are not told: their `id` is not
 * the container's.
 */
export async function* containerdEvents(channel: Channel, signal: AbortSignal): AsyncGenerator<RuntimeEvent> {
  const decoder = codec('TaskEvent')
  const types = { request: 'SubscribeRequest', response: 'Envelope' }
  for await (const { topic, event } of channel.stream(SUBSCRIBE, types, { filters: [FILTER] }, signal)) {
    const type = TYPES[topic as string]
    if (!type || !event) continue
    const { containerId, id } = decode(decoder, event.value)
    const isExec = type === 'exited' && id !== '' && id !== containerId
    if (containerId && !isExec) yield { type, id: containerId }
  }
}

/** Field 2 is a string in exits only; other events carry something else there, which is of no interest. */
function decode(decoder: ReturnType<typeof codec>, bytes: Buffer): { containerId: string; id: string } {
  try {
    return decoder.decode(bytes)
  } catch {
    const length = bytes[1] ?? 0
    return { containerId: bytes[0] === 0x0a ? bytes.subarray(2, 2 + length).toString() : '', id: '' }
  }
}
