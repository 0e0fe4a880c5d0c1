import { isDeepStrictEqual } from 'node:util'
import type { Controller } from '../../api/client/controller.ts'
import { leases } from '../../api/kinds/coordination.ts'
import { nodes, pods } from '../../api/kinds/core.ts'
import type { Node, Pod, Taint } from '../../api/kinds/types.ts'
import { now } from '../../api/meta/time.ts'
import type { ControllerContext } from './context.ts'

const NOT_READY = 'node.kubernetes.io/not-ready'
const UNREACHABLE = 'node.kubernetes.io/unreachable'
const UNSCHEDULABLE = 'node.kubernetes.io/unschedulable'
const OWN = new Set([NOT_READY, UNREACHABLE, UNSCHEDULABLE])
/** How long a node may be silent. */
const GRACE = 40_000
const MESSAGE = 'Kubelet stopped posting node status.'

/** Watches over nodes: marks silent ones, taints those that are not ready, and evicts Pods that do not tolerate it. */
export function nodeLifecycleController({ client, informers, recorder }: ControllerContext): Controller {
  const cache = informers.informer(nodes)
  const leaseCache = informers.informer(leases, { namespace: 'kube-node-lease' })
  const podCache = informers.informer(pods)
  podCache.addIndex('node', ({ spec }) => (spec.nodeName ? [spec.nodeName] : []))
  return {
    name: 'node-lifecycle',
    watches: [
      { kind: nodes },
      { kind: leases, scope: { namespace: 'kube-node-lease' }, keys: ({ metadata }) => [metadata.name] },
      { kind: pods, keys: ({ spec }) => (spec.nodeName ? [spec.nodeName] : []) },
    ],
    async reconcile(name) {
      const node = cache.get(name)
      if (!node) return
      const silentIn = lastSign(node) + GRACE - Date.now()
      if (silentIn <= 0 && readyOf(node) !== 'Unknown') await markUnknown(node)
      await taint(node)
      const evictIn = await evict(node)
      return { requeueAfter: Math.max(100, Math.min(silentIn > 0 ? silentIn : GRACE, evictIn)) }
    },
  }

  /** The last sign of life: a renewed lease, or a heartbeat in the status. */
  function lastSign({ metadata, status }: Node): number {
    const lease = leaseCache.get(`kube-node-lease/${metadata.name}`)
    const heartbeats = (status?.conditions ?? []).map(({ lastHeartbeatTime }) =>
      Date.parse(lastHeartbeatTime ?? ''),
    )
    const times = [
      Date.parse(lease?.spec?.renewTime ?? ''),
      Date.parse(metadata.creationTimestamp ?? ''),
      ...heartbeats,
    ]
    return Math.max(...times.filter(time => !Number.isNaN(time)))
  }

  async function markUnknown(node: Node): Promise<void> {
    const time = now()
    const conditions = (node.status?.conditions ?? []).map(condition => ({
      ...condition,
      status: 'Unknown',
      reason: 'NodeStatusUnknown',
      message: MESSAGE,
      lastTransitionTime: condition.status === 'Unknown' ? condition.lastTransitionTime : time,
    }))
    await client.patch(
      nodes,
      node.metadata,
      { type: 'strategic', body: { status: { conditions } } },
      { subresource: 'status' },
    )
    recorder.event(node, 'Normal', 'NodeNotReady', `Node ${node.metadata.name} status is now: NodeNotReady`)
  }

  async function taint(node: Node): Promise<void> {
    const wanted = wantedTaints(node)
    const current = node.spec.taints ?? []
    const plain = (taints: Taint[]) => taints.map(({ key, effect }) => `${key}:${effect}`).sort()
    if (isDeepStrictEqual(plain(current.filter(({ key }) => OWN.has(key))), plain(wanted))) return
    const kept = current.filter(({ key }) => !OWN.has(key))
    const timed = wanted.map(
      taint => current.find(({ key, effect }) => key === taint.key && effect === taint.effect) ?? taint,
    )
    const taints = [...kept, ...timed]
    const body = {
      metadata: { resourceVersion: node.metadata.resourceVersion },
      spec: { taints: taints.length > 0 ? taints : null },
    }
    await client.patch(nodes, node.metadata, { type: 'merge', body })
  }

  /** Deletes Pods that do not tolerate a NoExecute taint, when their time is over. Returns when to look again. */
  async function evict(node: Node): Promise<number> {
    const taints = (node.spec.taints ?? []).filter(({ effect }) => effect === 'NoExecute')
    if (taints.length === 0) return GRACE
    let next = GRACE
    for (const pod of podCache.byIndex('node', node.metadata.name)) {
      if (pod.metadata.deletionTimestamp) continue
      const wait = Math.min(...taints.map(taint => timeLeft(pod, taint)))
      if (wait > 0) {
        next = Math.min(next, wait)
        continue
      }
      const { namespace, name } = pod.metadata
      recorder.event(pod, 'Normal', 'TaintManagerEviction', `Marking for deletion Pod ${namespace}/${name}`)
      await client.delete(pods, pod.metadata).catch(() => {})
    }
    return next
  }
}

const readyOf = ({ status }: Node): string | undefined =>
  status?.conditions?.find(({ type }) => type === 'Ready')?.status

function wantedTaints(node: Node): Taint[] {
  const timeAdded = now()
  const unschedulable: Taint[] = node.spec.unschedulable ? [{ key: UNSCHEDULABLE, effect: 'NoSchedule' }] : []
  const ready = readyOf(node)
  if (ready === 'True') return unschedulable
  const key = ready === 'Unknown' ? UNREACHABLE : NOT_READY
  return [...unschedulable, { key, effect: 'NoSchedule', timeAdded }, { key, effect: 'NoExecute', timeAdded }]
}

/** Milliseconds a Pod may stay; 0 for none, infinite where it tolerates the taint for ever. */
function timeLeft({ spec }: Pod, taint: Taint): number {
  const toleration = (spec.tolerations ?? []).find(
    ({ key, operator, value, effect }) =>
      (!effect || effect === taint.effect) &&
      (!key || key === taint.key) &&
      (operator === 'Exists' || (value ?? '') === (taint.value ?? '')),
  )
  if (!toleration) return 0
  const { tolerationSeconds: seconds } = toleration
  if (seconds === undefined || seconds === null) return Number.POSITIVE_INFINITY
  return Math.max(0, Date.parse(taint.timeAdded ?? now()) + seconds * 1000 - Date.now())
}
