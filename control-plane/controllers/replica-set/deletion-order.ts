import type { Pod } from '../../../api/kinds/types.ts'
import { isReady, readySince } from '../pod-facts.ts'

const PHASES: Record<string, number> = { Pending: 0, Unknown: 1, Running: 2 }
const DELETION_COST = 'controller.kubernetes.io/pod-deletion-cost'

/**
 * Pods in the order a ReplicaSet gives them up (controller_utils ActivePodsWithRanks): unassigned, pending, not ready,
 * cheap to delete, doubled up on a node, ready for a shorter time, restarted more often, younger. Times are compared by
 * their order of magnitude; within one it is chance (the uid) that decides.
 * @param related Pods that do the same work, those of the same Deployment's other ReplicaSets included
 * @param now milliseconds since the epoch
 */
export function orderForDeletion(pods: readonly Pod[], related: readonly Pod[], now: number): Pod[] {
  const perNode = new Map<string, number>()
  for (const { spec } of related) {
    if (spec.nodeName) perNode.set(spec.nodeName, (perNode.get(spec.nodeName) ?? 0) + 1)
  }
  const ranked = pods.map(pod => ({ pod, facts: factsOf(pod, perNode, now) }))
  ranked.sort((a, b) => compare(a.facts, b.facts))
  return ranked.map(({ pod }) => pod)
}

type Facts = readonly (number | string)[]

function factsOf(pod: Pod, perNode: Map<string, number>, now: number): Facts {
  const { nodeName } = pod.spec
  const uid = pod.metadata.uid ?? ''
  const ready = isReady(pod)
  return [
    nodeName ? 1 : 0,
    PHASES[pod.status?.phase ?? 'Unknown'] ?? 1,
    ready ? 1 : 0,
    Number(pod.metadata.annotations?.[DELETION_COST] ?? 0) || 0,
    -(nodeName ? (perNode.get(nodeName) ?? 0) : 0),
    ready ? magnitude(readySince(pod), now) : 0,
    -restarts(pod),
    magnitude(Date.parse(pod.metadata.creationTimestamp ?? ''), now),
    uid,
  ]
}

/** The binary order of magnitude of an age; -1 for none. */
function magnitude(time: number | undefined, now: number): number {
  const age = now - (time ?? Number.NaN)
  return age > 0 ? Math.floor(Math.log2(age)) : -1
}

const restarts = ({ status }: Pod): number =>
  Math.max(0, ...(status?.containerStatuses ?? []).map(({ restartCount }) => restartCount))

function compare(a: Facts, b: Facts): number {
  const at = a.findIndex((value, i) => value !== b[i])
  if (at < 0) return 0
  return a[at]! < b[at]! ? -1 : 1
}
