import type { Deployment, ReplicaSet } from '../../../api/kinds/types.ts'
import { now } from '../../../api/meta/time.ts'
import { rolloutBounds } from './arithmetic.ts'

type Status = NonNullable<Deployment['status']>
type Condition = NonNullable<Status['conditions']>[number]

const sum = (sets: ReplicaSet[], field: 'replicas' | 'readyReplicas' | 'availableReplicas'): number =>
  sets.reduce((total, { status }) => total + (status?.[field] ?? 0), 0)

/** A Deployment's status from its ReplicaSets, conditions aside. */
function counts(
  { metadata, spec, status }: Deployment,
  sets: ReplicaSet[],
  newSet: ReplicaSet | undefined,
): Status {
  const available = sum(sets, 'availableReplicas')
  const total = sum(sets, 'replicas')
  return {
    observedGeneration: metadata.generation ?? 0,
    replicas: total,
    updatedReplicas: newSet?.status?.replicas ?? 0,
    readyReplicas: sum(sets, 'readyReplicas'),
    availableReplicas: available,
    unavailableReplicas: Math.max(0, Math.max(total, spec.replicas ?? 1) - available),
    ...(status?.collisionCount !== undefined && { collisionCount: status.collisionCount }),
  }
}

export const isComplete = ({ spec, metadata }: Deployment, status: Status): boolean =>
  status.updatedReplicas === (spec.replicas ?? 1) &&
  status.replicas === (spec.replicas ?? 1) &&
  status.availableReplicas === (spec.replicas ?? 1) &&
  (status.observedGeneration ?? 0) >= (metadata.generation ?? 0)

/** The whole status: counts, and the conditions Available and Progressing with upstream's reasons and messages. */
export function deploymentStatus(
  deployment: Deployment,
  sets: ReplicaSet[],
  newSet: ReplicaSet | undefined,
): Status {
  const next = counts(deployment, sets, newSet)
  const before = deployment.status ?? {}
  const conditions = new Map((before.conditions ?? []).map(condition => [condition.type, condition]))
  setCondition(conditions, availableCondition(deployment, next))
  const progressing = progressCondition(deployment, next, newSet, conditions.get('Progressing'))
  if (progressing) setCondition(conditions, progressing, hasProgressed(before, next))
  return { ...next, conditions: [...conditions.values()] }
}

type NewCondition = Pick<Condition, 'type' | 'status' | 'reason' | 'message'>

function setCondition(conditions: Map<string, Condition>, next: NewCondition, touch = false): void {
  const old = conditions.get(next.type)
  const isSame = old?.status === next.status && old?.reason === next.reason && old?.message === next.message
  if (isSame && !touch) return
  const time = now()
  const lastTransitionTime = old?.status === next.status ? old?.lastTransitionTime : time
  conditions.set(next.type, { ...next, lastUpdateTime: time, lastTransitionTime: lastTransitionTime! })
}

function availableCondition(deployment: Deployment, status: Status): NewCondition {
  const needed = (deployment.spec.replicas ?? 1) - rolloutBounds(deployment).maxUnavailable
  return (status.availableReplicas ?? 0) >= needed
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

const hasProgressed = (before: Status, next: Status): boolean =>
  (next.updatedReplicas ?? 0) > (before.updatedReplicas ?? 0) ||
  (next.readyReplicas ?? 0) > (before.readyReplicas ?? 0) ||
  (next.availableReplicas ?? 0) > (before.availableReplicas ?? 0) ||
  (next.replicas ?? 0) - (next.updatedReplicas ?? 0) < (before.replicas ?? 0) - (before.updatedReplicas ?? 0)

function progressCondition(
  deployment: Deployment,
  next: Status,
  newSet: ReplicaSet | undefined,
  old: Condition | undefined,
): NewCondition | undefined {
  const type = 'Progressing'
  const { name } = deployment.metadata
  if (deployment.spec.paused) {
    return { type, status: 'Unknown', reason: 'DeploymentPaused', message: 'Deployment is paused' }
  }
  const what = newSet ? `ReplicaSet "${newSet.metadata.name}"` : `Deployment "${name}"`
  if (newSet && isComplete(deployment, next)) {
    return {
      type,
      status: 'True',
      reason: 'NewReplicaSetAvailable',
      message: `${what} has successfully progressed.`,
    }
  }
  if (old?.reason === 'NewReplicaSetAvailable' && !isNewRollout(next, deployment)) return undefined
  if (hasProgressed(deployment.status ?? {}, next)) {
    return { type, status: 'True', reason: 'ReplicaSetUpdated', message: `${what} is progressing.` }
  }
  if (old && isLate(deployment, old)) {
    return {
      type,
      status: 'False',
      reason: 'ProgressDeadlineExceeded',
      message: `${what} has timed out progressing.`,
    }
  }
  if (old) return undefined
  return {
    type,
    status: 'True',
    reason: 'NewReplicaSetCreated',
    message: `Created new replica set "${newSet?.metadata.name}"`,
  }
}

const isNewRollout = (next: Status, { spec }: Deployment): boolean =>
  next.updatedReplicas !== (spec.replicas ?? 1) || next.replicas !== next.updatedReplicas

export function isLate({ spec }: Deployment, { lastUpdateTime, reason }: Condition): boolean {
  const seconds = spec.progressDeadlineSeconds ?? 600
  if (reason === 'NewReplicaSetAvailable') return false
  return Boolean(lastUpdateTime) && Date.now() - Date.parse(lastUpdateTime!) > seconds * 1000
}
