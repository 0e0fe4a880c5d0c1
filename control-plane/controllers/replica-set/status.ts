import { isDeepStrictEqual } from 'node:util'
import type { Pod, ReplicaSet } from '../../../api/kinds/types.ts'
import { selectorFromMap } from '../../../api/meta/selectors.ts'
import { now } from '../../../api/meta/time.ts'
import { isAvailable, isReady, readySince } from '../pod-facts.ts'

type Status = NonNullable<ReplicaSet['status']>

/** What went wrong when Pods were made or deleted. */
export interface ScalingFailure {
  reason: 'FailedCreate' | 'FailedDelete'
  message: string
}

/** A ReplicaSet's status as its Pods are now. `time` in milliseconds since the epoch. */
export function replicaSetStatus(
  set: ReplicaSet,
  pods: readonly Pod[],
  failure: ScalingFailure | undefined,
  time: number,
): Status {
  const { minReadySeconds = 0, template } = set.spec
  const labels = selectorFromMap(template?.metadata?.labels ?? {})
  const conditions = failureConditions(set, failure)
  return {
    replicas: pods.length,
    fullyLabeledReplicas: pods.filter(({ metadata }) => labels.matches(metadata.labels)).length,
    readyReplicas: pods.filter(isReady).length,
    availableReplicas: pods.filter(pod => isAvailable(pod, minReadySeconds, time)).length,
    observedGeneration: set.metadata.generation ?? 0,
    ...(conditions && { conditions }),
  }
}

function failureConditions(
  { status }: ReplicaSet,
  failure: ScalingFailure | undefined,
): Status['conditions'] | undefined {
  const before = status?.conditions
  const others = (before ?? []).filter(({ type }) => type !== 'ReplicaFailure')
  if (!failure) return before && (others.length > 0 ? others : undefined)
  if (others.length < (before ?? []).length) return before
  return [...others, { type: 'ReplicaFailure', status: 'True', ...failure, lastTransitionTime: now() }]
}

/** True when a status says the same as the one that is stored; absent counts are zeros. */
export function isSameStatus(status: Status, stored: Status | undefined): boolean {
  const zeros = { replicas: 0, fullyLabeledReplicas: 0, readyReplicas: 0, availableReplicas: 0 }
  return isDeepStrictEqual({ ...zeros, ...status }, { ...zeros, ...stored })
}

/** Milliseconds until the next Pod will have been ready for long enough; undefined when none is on its way. */
export function nextAvailableIn(set: ReplicaSet, pods: readonly Pod[], time: number): number | undefined {
  const wait = (set.spec.minReadySeconds ?? 0) * 1000
  const waits = pods
    .map(readySince)
    .filter((since): since is number => since !== undefined)
    .map(since => since + wait - time)
    .filter(left => left > 0)
  return waits.length > 0 ? Math.min(...waits) : undefined
}
