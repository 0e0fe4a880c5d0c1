import type { Deployment, ReplicaSet } from '../../../api/kinds/types.ts'
import { rolloutBounds, sizeOf, sum, wantedReplicas } from './arithmetic.ts'
import {
  type DeploymentCondition,
  type DeploymentStatus,
  findCondition,
  type NewCondition,
  progressing,
  withCondition,
  withoutCondition,
} from './conditions.ts'

const NO_DEADLINE = 2 ** 31 - 1
const AVAILABLE = 'NewReplicaSetAvailable'
const TIMED_OUT = 'ProgressDeadlineExceeded'

export const hasDeadline = ({ spec }: Deployment): boolean =>
  (spec.progressDeadlineSeconds ?? 600) !== NO_DEADLINE

/** Counts from the ReplicaSets, and the condition Available; other conditions as they were. */
export function countedStatus(
  deployment: Deployment,
  sets: readonly ReplicaSet[],
  newSet: ReplicaSet | undefined,
): DeploymentStatus {
  const { metadata, status } = deployment
  const total = (field: 'replicas' | 'readyReplicas' | 'availableReplicas'): number =>
    sum(sets, set => set.status?.[field] ?? 0)
  const availableReplicas = total('availableReplicas')
  const conditions = withCondition(status?.conditions ?? [], availability(deployment, availableReplicas))
  return {
    observedGeneration: metadata.generation ?? 0,
    replicas: total('replicas'),
    updatedReplicas: newSet?.status?.replicas ?? 0,
    readyReplicas: total('readyReplicas'),
    availableReplicas,
    unavailableReplicas: Math.max(0, sum(sets, sizeOf) - availableReplicas),
    ...(status?.collisionCount !== undefined && { collisionCount: status.collisionCount }),
    conditions,
  }
}

function availability(deployment: Deployment, available: number): NewCondition {
  const isEnough = available + rolloutBounds(deployment).maxUnavailable >= wantedReplicas(deployment)
  return isEnough
    ? {
        type: 'Available',
        status: 'True',
        reason: 'MinimumReplicasAvailable',
        message: 'Deployment has minimum availability.',
      }
    : {
        type: 'Available',
        status: 'False',
        reason: 'MinimumReplicasUnavailable',
        message: 'Deployment does not have minimum availability.',
      }
}

/** All Pods are of the present template, and all of them are available. */
export function isComplete(deployment: Deployment, status: DeploymentStatus): boolean {
  const wanted = wantedReplicas(deployment)
  return (
    status.updatedReplicas === wanted &&
    status.replicas === wanted &&
    status.availableReplicas === wanted &&
    (status.observedGeneration ?? 0) >= (deployment.metadata.generation ?? 0)
  )
}

/** The status during a rollout: counts, and how the rollout goes on. `time` in milliseconds since the epoch. */
export function rolloutStatus(
  deployment: Deployment,
  sets: readonly ReplicaSet[],
  newSet: ReplicaSet | undefined,
  time: number,
): DeploymentStatus {
  const status = countedStatus(deployment, sets, newSet)
  let conditions: DeploymentCondition[] = status.conditions!
  if (!hasDeadline(deployment)) conditions = withoutCondition(conditions, 'Progressing')
  else conditions = withProgress(deployment, { ...status, conditions }, newSet, time)
  const failure = replicaFailure(sets, newSet)
  conditions = failure ? withCondition(conditions, failure) : withoutCondition(conditions, 'ReplicaFailure')
  return { ...status, conditions }
}

function withProgress(
  deployment: Deployment,
  status: DeploymentStatus,
  newSet: ReplicaSet | undefined,
  time: number,
): DeploymentCondition[] {
  const before = deployment.status ?? {}
  const conditions = status.conditions!
  const isOver =
    status.replicas === status.updatedReplicas && findCondition(before, 'Progressing')?.reason === AVAILABLE
  if (isOver) return conditions
  const what = newSet ? `ReplicaSet "${newSet.metadata.name}"` : `Deployment "${deployment.metadata.name}"`
  if (isComplete(deployment, status)) {
    return withCondition(conditions, progressing('True', AVAILABLE, `${what} has successfully progressed.`))
  }
  if (hasProgressed(before, status)) {
    return withCondition(
      conditions,
      progressing('True', 'ReplicaSetUpdated', `${what} is progressing.`),
      true,
    )
  }
  if (isTimedOut(deployment, status, time)) {
    return withCondition(conditions, progressing('False', TIMED_OUT, `${what} has timed out progressing.`))
  }
  return conditions
}

function hasProgressed(before: DeploymentStatus, next: DeploymentStatus): boolean {
  const isMore = (field: 'updatedReplicas' | 'readyReplicas' | 'availableReplicas'): boolean =>
    (next[field] ?? 0) > (before[field] ?? 0)
  const old = ({ replicas = 0, updatedReplicas = 0 }: DeploymentStatus): number => replicas - updatedReplicas
  return (
    isMore('updatedReplicas') ||
    isMore('readyReplicas') ||
    isMore('availableReplicas') ||
    old(next) < old(before)
  )
}

function isTimedOut(deployment: Deployment, status: DeploymentStatus, time: number): boolean {
  const condition = findCondition(status, 'Progressing')
  if (!condition || condition.reason === AVAILABLE) return false
  return condition.reason === TIMED_OUT || deadlineIn(deployment, condition, time) < 0
}

/** Milliseconds until a rollout without news counts as stuck; below zero when it does. */
function deadlineIn({ spec }: Deployment, { lastUpdateTime }: DeploymentCondition, time: number): number {
  return Date.parse(lastUpdateTime ?? '') + (spec.progressDeadlineSeconds ?? 600) * 1000 - time
}

/** When to look again whether a rollout is stuck (milliseconds); undefined when it is over or known to be stuck. */
export function stuckCheckIn(
  deployment: Deployment,
  status: DeploymentStatus,
  time: number,
): number | undefined {
  const condition = findCondition(status, 'Progressing')
  if (!hasDeadline(deployment) || !condition || isComplete(deployment, status)) return undefined
  if (condition.reason === TIMED_OUT || condition.reason === AVAILABLE) return undefined
  return Math.max(0, deadlineIn(deployment, condition, time)) + 1_000
}

/** Why Pods cannot be made: what the new set says, or else another one. */
function replicaFailure(
  sets: readonly ReplicaSet[],
  newSet: ReplicaSet | undefined,
): NewCondition | undefined {
  const failureOf = ({ status }: ReplicaSet) =>
    status?.conditions?.find(condition => condition.type === 'ReplicaFailure')
  const failure = (newSet && failureOf(newSet)) ?? sets.map(failureOf).find(Boolean)
  if (!failure) return undefined
  const { type, status, reason = '', message = '' } = failure
  return { type, status, reason, message }
}
