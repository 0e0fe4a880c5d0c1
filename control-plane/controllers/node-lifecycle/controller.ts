import type { Controller } from '../../../api/client/controller.ts'
import { createEventRecorder } from '../../../api/client/event-recorder.ts'
import { leases } from '../../../api/kinds/coordination.ts'
import { nodes, pods } from '../../../api/kinds/core.ts'
import type { Node, Pod, Taint } from '../../../api/kinds/types.ts'
import { isConflict, isNotFound } from '../../../api/meta/status.ts'
import { now } from '../../../api/meta/time.ts'
import type { ControllerContext } from '../context.ts'
import { conditionPatch, type PodCondition } from '../pod-condition.ts'
import { isTerminal } from '../pod-facts.ts'
import { createHeartbeatWatch, readyOf, unknownConditions } from './health.ts'
import { isSameTaints, mayStayFor, wantedTaints } from './taints.ts'

const LEASES = 'kube-node-lease'
/** A node is looked at again after this time whatever happens (milliseconds). */
const LOOK_AGAIN = 40_000

/** Watches over nodes: marks silent ones, taints those that are not ready, and evicts Pods that do not tolerate it. */
export function nodeLifecycleController({ client, informers, recorder }: ControllerContext): Controller {
  const evictions = createEventRecorder(client, { component: 'taint-eviction-controller' })
  const cache = informers.informer(nodes)
  const leaseCache = informers.informer(leases, { namespace: LEASES })
  const podCache = informers.informer(pods)
  const heartbeats = createHeartbeatWatch()
  podCache.addIndex('node', ({ spec }) => (spec.nodeName ? [spec.nodeName] : []))
  return {
    name: 'node-lifecycle',
    watches: [
      { kind: nodes, keys: (node, old) => (isSameHealth(node, old) ? [node.metadata.name] : everyNode()) },
      { kind: leases, scope: { namespace: LEASES }, keys: ({ metadata }) => [metadata.name] },
      {
        kind: pods,
        keys: ({ spec }) => (hasEvicting(cache.get(spec.nodeName ?? '')) ? [spec.nodeName!] : []),
      },
    ],
    async reconcile(name) {
      const node = cache.get(name)
      if (!node) return heartbeats.forget(name)
      const lease = leaseCache.get(`${LEASES}/${name}`)
      const silentIn = heartbeats.silentIn(node, lease, Date.now())
      if (silentIn <= 0 && readyOf(node) !== 'Unknown') return markUnknown(node)
      if (readyOf(node) === 'Unknown') await markPodsNotReady(node)
      if (await taint(node)) return
      const evictIn = await evict(node)
      return { requeueAfter: Math.min(silentIn > 0 ? silentIn : LOOK_AGAIN, evictIn) }
    },
  }

  /** One node more or less that is ready decides whether Pods are moved at all. */
  function everyNode(): string[] {
    return cache.list().map(({ metadata }) => metadata.name)
  }

  async function markUnknown(node: Node): Promise<void> {
    const wasReady = readyOf(node) === 'True'
    const { name, resourceVersion } = node.metadata
    const status = { conditions: unknownConditions(node, now()) }
    const body = { metadata: { resourceVersion }, status }
    await client.patch(nodes, { name }, { type: 'merge', body }, { subresource: 'status' })
    if (!wasReady) return
    recorder.event(node, 'Normal', 'NodeNotReady', `Node ${name} status is now: NodeNotReady`)
  }

  /** Nobody tells any more that the node's Pods work: Services must not count on them. */
  async function markPodsNotReady(node: Node): Promise<void> {
    const since = node.status?.conditions?.find(({ type }) => type === 'Ready')?.lastTransitionTime ?? ''
    for (const pod of podCache.byIndex('node', node.metadata.name)) {
      const ready = pod.status?.conditions?.find(({ type }) => type === 'Ready')
      // What became ready later was told by a kubelet that is back.
      if (ready?.status !== 'True' || (ready.lastTransitionTime ?? '') > since) continue
      const conditions = [{ type: 'Ready', status: 'False', lastTransitionTime: now() }]
      const body = { metadata: { uid: pod.metadata.uid }, status: { conditions } }
      await client
        .patch(pods, pod.metadata, { type: 'strategic', body }, { subresource: 'status' })
        .catch(ignoreGone)
      recorder.event(pod, 'Warning', 'NodeNotReady', 'Node is not ready')
    }
  }

  /** True when the node was changed. Where no node at all is ready, Pods are as well off where they are. */
  async function taint(node: Node): Promise<boolean> {
    const evicts = cache.list().some(other => readyOf(other) === 'True')
    const taints = wantedTaints(node, evicts, now())
    if (isSameTaints(taints, node.spec.taints ?? [])) return false
    const { resourceVersion } = node.metadata
    const body = { metadata: { resourceVersion }, spec: { taints: taints.length > 0 ? taints : null } }
    await client.patch(nodes, node.metadata, { type: 'merge', body })
    return true
  }

  /** Deletes Pods that do not tolerate a NoExecute taint, when their time is over. Returns when to look again. */
  async function evict(node: Node): Promise<number> {
    const taints = evictingTaints(node)
    let next = LOOK_AGAIN
    if (taints.length === 0) return next
    for (const pod of podCache.byIndex('node', node.metadata.name)) {
      if (pod.metadata.deletionTimestamp || isTerminal(pod)) continue
      const wait = mayStayFor(pod, taints, Date.now())
      if (wait <= 0) await evictPod(pod)
      else next = Math.min(next, wait)
    }
    return next
  }

  async function evictPod(pod: Pod): Promise<void> {
    const { namespace, name, uid } = pod.metadata
    // Upstream knows the Pod by its name alone here.
    const about = { apiVersion: 'v1', kind: 'Pod', metadata: { name, namespace: namespace! } }
    evictions.event(about, 'Normal', 'TaintManagerEviction', `Marking for deletion Pod ${namespace}/${name}`)
    const body = { metadata: { uid }, status: conditionPatch(pod, TAINTED) }
    await client
      .patch(pods, pod.metadata, { type: 'strategic', body }, { subresource: 'status' })
      .catch(ignoreGone)
    await client.delete(pods, pod.metadata, { preconditions: { uid: uid! } }).catch(ignoreGone)
  }
}

const TAINTED: PodCondition = {
  type: 'DisruptionTarget',
  status: 'True',
  reason: 'DeletionByTaintManager',
  message: 'Taint manager: deleting due to NoExecute taint',
}

const evictingTaints = ({ spec }: Node): Taint[] =>
  (spec.taints ?? []).filter(({ effect }) => effect === 'NoExecute')

/** Pods matter where some must go, or all must be marked. */
const hasEvicting = (node: Node | undefined): boolean =>
  node !== undefined && (evictingTaints(node).length > 0 || readyOf(node) === 'Unknown')

const isSameHealth = (node: Node, old: Node | undefined): boolean =>
  old !== undefined && readyOf(node) === readyOf(old)

/** Gone, or another one of the same name. */
function ignoreGone(error: unknown): void {
  if (!isNotFound(error) && !isConflict(error)) throw error
}
