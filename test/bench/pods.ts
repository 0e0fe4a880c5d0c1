import type { Client } from '../../api/client/client.ts'
import { pods } from '../../api/kinds/core.ts'
import type { Pod } from '../../api/kinds/types.ts'
import { BUSYBOX_IMAGE } from '../../lab/images/lab-images.ts'

const NAMESPACE = 'default'
const DEADLINE = 60_000

/** When something was seen, by `performance.now()`, and the Pod as it was then (its last state when it is gone). */
export interface Sight {
  at: number
  pod: Pod
}

/** Sees Pods change through one watch, as any client would. */
export interface PodWatch {
  /** The first state from now on that meets the condition; rejects after 60 s. */
  seen(name: string, condition: (pod: Pod) => boolean): Promise<Sight>
  gone(name: string): Promise<Sight>
}

interface Waiter {
  name: string
  condition: (pod: Pod, isGone: boolean) => boolean
  resolve: (sight: Sight) => void
}

/** Watches the Pods of the benches' namespace until the signal is aborted. */
export async function watchPods(client: Client, signal: AbortSignal): Promise<PodWatch> {
  const waiters = new Set<Waiter>()
  const wait = (name: string, condition: Waiter['condition']): Promise<Sight> => {
    const { promise, resolve, reject } = Promise.withResolvers<Sight>()
    const waiter = { name, condition, resolve }
    const timer = setTimeout(() => reject(new Error(`Pod ${name}: not seen within 60 s`)), DEADLINE)
    waiters.add(waiter)
    return promise.finally(() => {
      clearTimeout(timer)
      waiters.delete(waiter)
    })
  }
  const { metadata } = await client.list(pods, { namespace: NAMESPACE })
  void tell(client, metadata.resourceVersion!, signal, waiters)
  return {
    seen: (name, condition) => wait(name, (pod, isGone) => !isGone && condition(pod)),
    gone: name => wait(name, (_, isGone) => isGone),
  }
}

async function tell(
  client: Client,
  resourceVersion: string,
  signal: AbortSignal,
  waiters: Set<Waiter>,
): Promise<void> {
  try {
    for await (const event of client.watch(pods, { namespace: NAMESPACE, resourceVersion, signal })) {
      if (event.type === 'BOOKMARK') continue
      const at = performance.now()
      const pod = event.object
      for (const waiter of waiters) {
        if (waiter.name !== pod.metadata.name || !waiter.condition(pod, event.type === 'DELETED')) continue
        waiter.resolve({ at, pod })
      }
    }
  } catch (error) {
    if (!signal.aborted) throw error
  }
}

/** Creates a Pod that sleeps, its image on the node already and with no grace when it is deleted. */
export async function createSleeper(client: Client, name: string, command: string[]): Promise<void> {
  await client.create(pods, {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: NAMESPACE },
    spec: {
      terminationGracePeriodSeconds: 0,
      containers: [{ name: 'sleeper', image: BUSYBOX_IMAGE, command }],
    },
  })
}

/** Deletes a Pod and waits until it is gone from the API. */
export async function deletePod(client: Client, watch: PodWatch, name: string): Promise<void> {
  const gone = watch.gone(name)
  await client.delete(pods, { name, namespace: NAMESPACE }, { gracePeriodSeconds: 0 })
  await gone
}

export const isRunning = (pod: Pod): boolean => pod.status?.phase === 'Running'
