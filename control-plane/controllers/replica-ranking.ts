import type { Pod } from '../../api/kinds/types.ts'
import { isReady, readySince } from './pod-facts.ts'

const PHASES: Record<string, number> = { Pending: 0, Unknown: 1, Running: 2 }
const DELETION_COST = 'controller.kubernetes.io/pod-deletion-cost'

/**
 * Pods in the order a ReplicaSet gives them up (controller_utils ActivePodsWithRanks): unassigned, pending, not ready,
 * cheap to delete, doubled up on a node, ready for a shorter time, restarted more often, younger.
 */
export function rankForDeletion(pods: Pod[], all: Pod[]): Pod[] {
  const perNode = new Map<string, number>()
  const owner = pods[0]?.metadata.ownerReferences?.[0]?.uid
  for (const pod of all) {
    if (pod.metadata.ownerReferences?.[0]?.uid !== owner || !pod.spec.nodeName) continue
    perNode.set(pod.spec.nodeName, (perNode.get(pod.spec.nodeName) ?? 0) + 1)
  }
  const keys = (pod: Pod): number[] => [
    pod.spec.nodeName ? 1 : 0,
    PHASES[pod.status?.phase ?? 'Unknown'] ?? 1,
    isReady(pod) ? 1 : 0,
    Number(pod.metadata.annotations?.[DELETION_COST] ?? 0),
    -(perNode.get(pod.spec.nodeName ?? '') ?? 0),
    -logAge(readySince(pod)),
    -restarts(pod),
    -logAge(Date.parse(pod.metadata.creationTimestamp ?? '')),
  ]
  const ranked = pods.map(pod => ({ pod, rank: keys(pod) }))
  ranked.sort((a, b) => compare(a.rank, b.rank))
  return ranked.map(({ pod }) => pod)
}

/** Younger first: later times sort before earlier ones. */
const logAge = (time: number | undefined): number => (time === undefined || Number.isNaN(time) ? 0 : time)

const restarts = ({ status }: Pod): number =>
  Math.max(0, ...(status?.containerStatuses ?? []).map(({ restartCount }) => restartCount))

function compare(a: number[], b: number[]): number {
  const at = a.findIndex((value, i) => value !== b[i])
  return at < 0 ? 0 : a[at]! - b[at]!
}
