import type { Pod, StatefulSet } from '../../../api/kinds/types.ts'
import { isAvailable, isReady, isTerminal, readySince } from '../pod-facts.ts'
import { isGoing, revisionOf } from './plan.ts'

type Status = NonNullable<StatefulSet['status']>

/** Names of the two revisions. */
export interface Names {
  current: string
  update: string
}

/** A StatefulSet's status by its Pods. When a rollout is done the new revision becomes the one in use. */
export function statefulSetStatus(
  set: StatefulSet,
  pods: readonly Pod[],
  names: Names,
  collisionCount: number,
  now: number,
): Status {
  const { minReadySeconds = 0, replicas: wanted = 1 } = set.spec
  const alive = pods.filter(pod => !isTerminal(pod))
  const countOf = (name: string): number =>
    alive.filter(pod => !isGoing(pod) && revisionOf(pod) === name).length
  const ready = alive.filter(isReady).length
  const updated = countOf(names.update)
  const isRolled = updated === wanted && ready === wanted && alive.length === wanted
  const current = isRolled ? names.update : names.current
  const currentReplicas = countOf(current)
  return {
    replicas: alive.length,
    availableReplicas: alive.filter(pod => isAvailable(pod, minReadySeconds, now)).length,
    observedGeneration: set.metadata.generation ?? 0,
    currentRevision: current,
    updateRevision: names.update,
    collisionCount,
    ...(ready > 0 && { readyReplicas: ready }),
    ...(currentReplicas > 0 && { currentReplicas }),
    ...(updated > 0 && { updatedReplicas: updated }),
  } as Status
}

/** The status as a merge patch writes it: counts that are absent are taken away. */
export const written = (status: Status): object => ({
  readyReplicas: null,
  currentReplicas: null,
  updatedReplicas: null,
  ...status,
})

/** Milliseconds until the next Pod will have been ready for long enough; undefined when none is on its way. */
export function nextAvailableIn(
  { spec }: StatefulSet,
  pods: readonly Pod[],
  now: number,
): number | undefined {
  const wait = (spec.minReadySeconds ?? 0) * 1000
  const waits = pods
    .map(readySince)
    .filter((since): since is number => since !== undefined)
    .map(since => since + wait - now)
    .filter(left => left > 0)
  return waits.length > 0 ? Math.min(...waits) : undefined
}
