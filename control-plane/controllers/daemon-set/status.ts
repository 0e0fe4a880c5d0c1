import type { DaemonSet, Pod } from '../../../api/kinds/types.ts'
import { isAvailable, isReady, readySince } from '../pod-facts.ts'
import type { NodePods } from './plan.ts'
import { isOfRevision } from './pods.ts'

type Status = NonNullable<DaemonSet['status']>

/** A DaemonSet's status by what is on its nodes. `now` in milliseconds. */
export function daemonSetStatus(
  set: DaemonSet,
  nodes: readonly NodePods[],
  hash: string,
  collisionCount: number,
  now: number,
): Status {
  const wanted = nodes.filter(({ placement }) => placement.shouldRun)
  const count = (isCounted: (pod: Pod) => boolean): number =>
    wanted.filter(({ pods }) => pods.some(pod => !pod.metadata.deletionTimestamp && isCounted(pod))).length
  const available = count(pod => isAvailable(pod, set.spec.minReadySeconds ?? 0, now))
  const updated = count(pod => isOfRevision(pod, hash))
  const unavailable = wanted.length - available
  return {
    desiredNumberScheduled: wanted.length,
    currentNumberScheduled: wanted.filter(({ pods }) => pods.length > 0).length,
    numberMisscheduled: nodes.filter(({ placement, pods }) => !placement.shouldRun && pods.length > 0).length,
    numberReady: count(isReady),
    observedGeneration: set.metadata.generation ?? 0,
    ...(updated > 0 && { updatedNumberScheduled: updated }),
    ...(available > 0 && { numberAvailable: available }),
    ...(unavailable > 0 && { numberUnavailable: unavailable }),
    ...(collisionCount > 0 && { collisionCount }),
  }
}

const OPTIONAL = ['updatedNumberScheduled', 'numberAvailable', 'numberUnavailable']

/** The status as a merge patch writes it: what is absent is taken away. */
export const written = (status: Status): object => ({
  ...Object.fromEntries(OPTIONAL.map(field => [field, null])),
  ...status,
})

/** Milliseconds until the next Pod will have been ready for long enough; undefined when none is on its way. */
export function nextAvailableIn(set: DaemonSet, pods: readonly Pod[], now: number): number | undefined {
  const wait = (set.spec.minReadySeconds ?? 0) * 1000
  const waits = pods
    .map(readySince)
    .filter((since): since is number => since !== undefined)
    .map(since => since + wait - now)
    .filter(left => left > 0)
  return waits.length > 0 ? Math.min(...waits) : undefined
}
