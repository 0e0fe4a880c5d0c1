import type { Deployment, ReplicaSet } from '../../../api/kinds/types.ts'
import { byAge, rolloutBounds, sizeOf, sum, wantedReplicas } from './arithmetic.ts'

export const DESIRED_ANNOTATION = 'deployment.kubernetes.io/desired-replicas'
export const MAX_ANNOTATION = 'deployment.kubernetes.io/max-replicas'

/** What proportional scaling must know of the numbers a set was sized by. */
export function sizeAnnotations(deployment: Deployment): Record<string, string> {
  const wanted = wantedReplicas(deployment)
  return {
    [DESIRED_ANNOTATION]: String(wanted),
    [MAX_ANNOTATION]: String(wanted + rolloutBounds(deployment).maxSurge),
  }
}

/**
 * Spreads a new wanted number over sets in the middle of a rollout, in proportion to their sizes; what rounding leaves
 * goes to the largest (upstream's proportional scaling).
 */
export function proportionalSizes(deployment: Deployment, sets: readonly ReplicaSet[]): Map<string, number> {
  const wanted = wantedReplicas(deployment)
  const total = wanted > 0 ? wanted + rolloutBounds(deployment).maxSurge : 0
  const change = total - sum(sets, sizeOf)
  const sizes = new Map(sets.map(set => [set.metadata.name, sizeOf(set)]))
  if (change === 0) return sizes
  let changed = 0
  const largest = [...sets].sort((a, b) => sizeOf(b) - sizeOf(a) || (change > 0 ? byAge(b, a) : byAge(a, b)))
  for (const set of largest) {
    const left = change - changed
    const share = left === 0 ? 0 : fraction(deployment, set, total)
    const limited = change > 0 ? Math.min(share, left) : Math.max(share, left)
    sizes.set(set.metadata.name, sizeOf(set) + limited)
    changed += limited
  }
  const first = largest[0]!.metadata.name
  sizes.set(first, Math.max(0, sizes.get(first)! + change - changed))
  return sizes
}

/** By how much a set would change if it alone kept its share of the most there was before. */
function fraction(deployment: Deployment, set: ReplicaSet, total: number): number {
  const size = sizeOf(set)
  if (wantedReplicas(deployment) === 0) return -size
  const before = Number(set.metadata.annotations?.[MAX_ANNOTATION]) || (deployment.status?.replicas ?? 0)
  return before === 0 ? 0 : Math.round((size * total) / before) - size
}
