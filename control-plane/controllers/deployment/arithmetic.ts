import type { Deployment, ReplicaSet } from '../../../api/kinds/types.ts'

/** How far a rollout may go beyond and below the wanted number. */
export interface RolloutBounds {
  maxSurge: number
  maxUnavailable: number
}

export const wantedReplicas = ({ spec }: Deployment): number => spec.replicas ?? 1
export const sizeOf = ({ spec }: ReplicaSet): number => spec.replicas ?? 1
export const isActiveSet = (set: ReplicaSet): boolean => sizeOf(set) > 0

/** Resolves numbers and percentages: surge rounded up, unavailable down; never both zero. Recreate has no leeway. */
export function rolloutBounds(deployment: Deployment): RolloutBounds {
  const { strategy } = deployment.spec
  const replicas = wantedReplicas(deployment)
  if (strategy?.type === 'Recreate') return { maxSurge: 0, maxUnavailable: 0 }
  const { maxSurge, maxUnavailable } = strategy?.rollingUpdate ?? {}
  const surge = resolve(maxSurge ?? '25%', replicas, Math.ceil)
  const unavailable = resolve(maxUnavailable ?? '25%', replicas, Math.floor)
  const either = surge === 0 && unavailable === 0 ? 1 : unavailable
  return { maxSurge: surge, maxUnavailable: Math.min(either, replicas) }
}

function resolve(value: number | string, total: number, round: (x: number) => number): number {
  if (typeof value === 'number') return value
  return value.endsWith('%') ? round((Number(value.slice(0, -1)) * total) / 100) : Number(value)
}

export const sum = <T>(items: readonly T[], value: (item: T) => number): number =>
  items.reduce((total, item) => total + value(item), 0)

const available = ({ status }: ReplicaSet): number => status?.availableReplicas ?? 0
/** Oldest first. */
export const byAge = (a: ReplicaSet, b: ReplicaSet): number =>
  a.metadata.creationTimestamp! < b.metadata.creationTimestamp! ? -1 : 1

/** Size of the new set in the next step of a rollout. `sets` are all of them. */
export function newSetSize(deployment: Deployment, current: number, sets: readonly ReplicaSet[]): number {
  const wanted = wantedReplicas(deployment)
  if (current >= wanted || deployment.spec.strategy?.type === 'Recreate') return wanted
  const room = wanted + rolloutBounds(deployment).maxSurge - sum(sets, sizeOf)
  return room <= 0 ? current : Math.min(wanted, current + room)
}

/**
 * Sizes of the old sets in the next step of a rolling update: first Pods that do not work are taken away, then as many
 * as may be without falling below what must be available.
 */
export function oldSetSizes(
  deployment: Deployment,
  newSet: ReplicaSet,
  oldSets: readonly ReplicaSet[],
): Map<string, number> {
  const all = [newSet, ...oldSets]
  const minAvailable = wantedReplicas(deployment) - rolloutBounds(deployment).maxUnavailable
  const newUnavailable = sizeOf(newSet) - available(newSet)
  const removable = sum(all, sizeOf) - minAvailable - newUnavailable
  const sizes = new Map(oldSets.map(set => [set.metadata.name, sizeOf(set)]))
  // More available than there should be Pods: the status is from before the last resize, and no ground to act on.
  const isStale = oldSets.some(set => available(set) > sizeOf(set))
  if (removable <= 0 || isStale) return sizes
  const oldest = [...oldSets].sort(byAge)
  takeAway(sizes, oldest, removable, (set, size) => size - available(set))
  takeAway(sizes, oldest, sum(all, available) - minAvailable, (_, size) => size)
  return sizes
}

/** Makes sets smaller, one after another and each by no more than `most` says, until `count` is used up. */
function takeAway(
  sizes: Map<string, number>,
  sets: readonly ReplicaSet[],
  count: number,
  most: (set: ReplicaSet, size: number) => number,
): void {
  let left = count
  for (const set of sets) {
    const size = sizes.get(set.metadata.name)!
    const fewer = Math.min(left, most(set, size), size)
    if (fewer <= 0) continue
    sizes.set(set.metadata.name, size - fewer)
    left -= fewer
  }
}
