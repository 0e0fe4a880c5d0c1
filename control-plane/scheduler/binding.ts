import type { Client } from '../../api/client/client.ts'
import { pods } from '../../api/kinds/core.ts'
import type { Pod } from '../../api/kinds/types.ts'
import type { CycleState, SchedulerPlugin } from '../../plugins/scheduler.ts'

/** The longest a plugin may keep a Pod waiting for its permit: upstream's. Milliseconds. */
const LONGEST_PERMIT = 15 * 60_000

/** Sets aside what the Pod needs on its node; what was set aside is given back when a step refuses. */
export function reserve(
  pod: Pod,
  nodeName: string,
  state: CycleState,
  steps: readonly SchedulerPlugin[],
): void {
  try {
    for (const step of steps) step.reserve?.(pod, nodeName, state)
  } catch (error) {
    unreserve(pod, nodeName, state, steps)
    throw error
  }
}

export function unreserve(
  pod: Pod,
  nodeName: string,
  state: CycleState,
  steps: readonly SchedulerPlugin[],
): void {
  for (const step of [...steps].reverse()) step.unreserve?.(pod, nodeName, state)
}

/** Brings a Pod to its node: permits, what comes before the binding, the binding. Rejects when any of it is refused. */
export async function bindPod(
  client: Client,
  pod: Pod,
  nodeName: string,
  state: CycleState,
  steps: readonly SchedulerPlugin[],
  signal: AbortSignal,
): Promise<void> {
  const deadline = AbortSignal.any([signal, AbortSignal.timeout(LONGEST_PERMIT)])
  const permits = steps.map(step => step.permit?.(pod, nodeName, state, deadline))
  await Promise.race([Promise.all(permits), aborted(deadline, permits)])
  for (const step of steps) await step.preBind?.(pod, nodeName, state)
  await bind(client, pod, nodeName, steps)
  for (const step of steps) step.postBind?.(pod, nodeName)
}

/** Rejects when the signal aborts; never settles for Pods that nobody keeps waiting. */
function aborted(signal: AbortSignal, permits: readonly unknown[]): Promise<never> {
  return new Promise((_, reject) => {
    if (permits.every(permit => permit === undefined)) return
    const refuse = (): void => reject(new Error('the permit did not come in time'))
    if (signal.aborted) refuse()
    else signal.addEventListener('abort', refuse, { once: true })
  })
}

async function bind(
  client: Client,
  pod: Pod,
  nodeName: string,
  steps: readonly SchedulerPlugin[],
): Promise<void> {
  for (const step of steps) if (await step.bind?.(pod, nodeName)) return
  const { name, namespace, uid } = pod.metadata
  const binding = {
    apiVersion: 'v1',
    kind: 'Binding',
    metadata: { name, namespace, uid },
    target: { apiVersion: 'v1', kind: 'Node', name: nodeName },
  }
  await client.create(pods, binding as never, { name: { name, namespace }, subresource: 'binding' })
}
