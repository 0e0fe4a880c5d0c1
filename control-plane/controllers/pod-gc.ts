import type { Controller } from '../../api/client/controller.ts'
import { nodes, pods } from '../../api/kinds/core.ts'
import type { Pod } from '../../api/kinds/types.ts'
import { isNotFound } from '../../api/meta/status.ts'
import type { ControllerContext } from './context.ts'
import { conditionPatch, type PodCondition } from './pod-condition.ts'

/** A node that was deleted may come back under the same name: its Pods wait so long (milliseconds). */
const QUARANTINE = 40_000

/** Removes Pods whose node is gone, and Pods that were deleted before they were ever scheduled. */
export function podGarbageCollector({ client, informers }: ControllerContext): Controller {
  const cache = informers.informer(pods)
  const nodeCache = informers.informer(nodes)
  const missing = new Map<string, number>()
  cache.addIndex('node', ({ spec }) => (spec.nodeName ? [spec.nodeName] : []))
  return {
    name: 'pod-garbage-collector',
    watches: [
      { kind: pods },
      {
        kind: nodes,
        keys: ({ metadata }) =>
          cache.byIndex('node', metadata.name).map(pod => `${pod.metadata.namespace}/${pod.metadata.name}`),
      },
    ],
    async reconcile(key) {
      const pod = cache.get(key)
      if (!pod) return
      const { nodeName } = pod.spec
      if (!nodeName) return pod.metadata.deletionTimestamp ? end(pod) : undefined
      if (nodeCache.get(nodeName)) return void missing.delete(nodeName)
      const since = missing.get(nodeName) ?? Date.now()
      missing.set(nodeName, since)
      const wait = since + QUARANTINE - Date.now()
      if (wait > 0) return { requeueAfter: wait }
      await end(pod, ORPHANED)
    },
  }

  /** No kubelet will ever say that the Pod is over. */
  async function end(pod: Pod, cause?: PodCondition): Promise<void> {
    const { metadata } = pod
    const phase = pod.status?.phase
    if (phase !== 'Succeeded' && phase !== 'Failed') {
      const failed = { phase: 'Failed', observedGeneration: metadata.generation }
      const status = { ...failed, ...(cause && conditionPatch(pod, cause)) }
      const body = { metadata: { uid: metadata.uid }, status }
      const patch = { type: 'strategic', body } as const
      await client.patch(pods, metadata, patch, { subresource: 'status' }).catch(ignoreNotFound)
    }
    const options = { gracePeriodSeconds: 0, preconditions: { uid: metadata.uid! } }
    await client.delete(pods, metadata, options).catch(ignoreNotFound)
  }
}

const ORPHANED: PodCondition = {
  type: 'DisruptionTarget',
  status: 'True',
  reason: 'DeletionByPodGC',
  message: 'PodGC: node no longer exists',
}

function ignoreNotFound(error: unknown): void {
  if (!isNotFound(error)) throw error
}
