import type { Deployment } from '../../../api/kinds/types.ts'
import { now } from '../../../api/meta/time.ts'

export type DeploymentStatus = NonNullable<Deployment['status']>
export type DeploymentCondition = NonNullable<DeploymentStatus['conditions']>[number]
export type NewCondition = Pick<DeploymentCondition, 'type' | 'status' | 'reason' | 'message'>

export const findCondition = (
  status: DeploymentStatus | undefined,
  type: string,
): DeploymentCondition | undefined => status?.conditions?.find(condition => condition.type === type)

/**
 * Conditions with one put in. One that says the same (status and reason) stays as it is, unless `touch` asks for a new
 * time of update; the time of transition changes only with the status.
 */
export function withCondition(
  conditions: readonly DeploymentCondition[],
  next: NewCondition,
  touch = false,
): DeploymentCondition[] {
  const old = conditions.find(({ type }) => type === next.type)
  if (!touch && old?.status === next.status && old.reason === next.reason) return [...conditions]
  const time = now()
  const lastTransitionTime = (old?.status === next.status && old.lastTransitionTime) || time
  return [
    ...conditions.filter(({ type }) => type !== next.type),
    { ...next, lastUpdateTime: time, lastTransitionTime },
  ]
}

export const withoutCondition = (
  conditions: readonly DeploymentCondition[],
  type: string,
): DeploymentCondition[] => conditions.filter(condition => condition.type !== type)

export const progressing = (
  status: 'True' | 'False' | 'Unknown',
  reason: string,
  message: string,
): NewCondition => ({
  type: 'Progressing',
  status,
  reason,
  message,
})
