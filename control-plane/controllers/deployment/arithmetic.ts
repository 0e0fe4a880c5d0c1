import type { Deployment, ReplicaSet } from '../../../api/kinds/types.ts'

/** How far a rollout may go beyond and below the wanted number. */
export interface RolloutBounds {
  maxSurge: number
  maxUnavailable: number
}

/** Resolves numbers and percentages: surge rounded up, unavailable down; never both zero. */
export function rolloutBounds({ spec }: Deployment): RolloutBounds {
  const replicas = spec.replicas ?? 1
  if (spec.strategy?.type === 'Recreate') return { maxSurge: 0, maxUnavailable: replicas }
  const { maxSurge, maxUnavailable } = spec.strategy?.rollingUpdate ?? {}
  const surge = resolve(maxSurge ?? '25%', replicas, Math.ceil)
  const unavailable = Math.min(resolve(maxUnavailable ?? '25%', replicas, Math.floor), replicas)
  return { maxSurge: surge, maxUnavailable: surge === 0 && unavailable === 0 ? 1 : unavailable }
}

function resolve(value: number | string, total: number, round: (x: number) => number): number {
  if (typeof value === 'number') return value
  return value.endsWith('%') ? round((Number(value.slice(0, -1)) * total) / 100) : Number(value)
}

const replicasOf = (sets: ReplicaSet[]): number =>
  sets.reduce((sum, { spec }) => sum + (spec.replicas ?? 0), 0)
const availableOf = (sets: ReplicaSet[]): number =>
  sets.reduce((sum, { status }) => sum + (status?.availableReplicas ?? 0), 0)

/** Size of the new set in the next step of a rolling update. */
export function newSetSize(deployment: Deployment, newSet: ReplicaSet, sets: ReplicaSet[]): number {
  const wanted = deployment.spec.replicas ?? 1
  const current = newSet.spec.replicas ?? 0
  if (current >= wanted) return wanted
  if (deployment.spec.strategy?.type === 'Recreate') return wanted
  const room = wanted + rolloutBounds(deployment).maxSurge - replicasOf(sets)
  return room <= 0 ? current : Math.min(wanted, current + room)
}

/**
 * Sizes of the old sets in the next step: first Pods that do not work are taken away, then as many as may be without
 * falling below what must be available.
 */
export function oldSetSizes(
  deployment: Deployment,
  newSet: ReplicaSet,
  oldSets: ReplicaSet[],
): Map<string, number> {
  const wanted = deployment.spec.replicas ?? 1
  const minAvailable = wanted - rolloutBounds(deployment).maxUnavailable
  const all = [newSet, ...oldSets]
  const newUnavailable = (newSet.spec.replicas ?? 0) - (newSet.status?.availableReplicas ?? 0)
  let removable = replicasOf(all) - minAvailable - newUnavailable
  const sizes = new Map(oldSets.map(set => [set.metadata.name, set.spec.replicas ?? 0]))
  if (removable <= 0) return sizes
  const byAge = [...oldSets].sort((a, b) =>
    a.metadata.creationTimestamp! < b.metadata.creationTimestamp! ? -1 : 1,
  )
  for (const set of byAge) {
    const size = sizes.get(set.metadata.name)!
    const unhealthy = Math.min(removable, size - (set.status?.availableReplicas ?? 0))
    if (unhealthy <= 0) continue
    sizes.set(set.metadata.name, size - unhealthy)
    removable -= unhealthy
  }
  let spare = availableOf(all) - minAvailable
  for (const set of byAge) {
    const size = sizes.get(set.metadata.name)!
    const fewer = Math.min(size, spare)
    if (fewer <= 0) continue
    sizes.set(set.metadata.name, size - fewer)
    spare -= fewer
  }
  return sizes
}

/** Spreads a new total over several sets in proportion to their size, the largest (then newest) taking the rest. */
export function proportionalSizes(sets: ReplicaSet[], total: number): Map<string, number> {
  const before = replicasOf(sets)
  const change = total - before
  const bySize = [...sets].sort((a, b) => {
    const difference = (b.spec.replicas ?? 0) - (a.spec.replicas ?? 0)
    return difference || (a.metadata.creationTimestamp! < b.metadata.creationTimestamp! ? 1 : -1)
  })
  let added = 0
  const sizes = new Map<string, number>()
  for (const { metadata, spec } of bySize) {
    const size = spec.replicas ?? 0
    const share = before === 0 ? 0 : Math.round((size * total) / before) - size
    const limited = change > 0 ? Math.min(share, change - added) : Math.max(share, change - added)
    sizes.set(metadata.name, size + limited)
    added += limited
  }
  const [first] = bySize
  if (first && added !== change)
    sizes.set(first.metadata.name, Math.max(0, sizes.get(first.metadata.name)! + change - added))
  return sizes
}
