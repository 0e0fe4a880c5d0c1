import { isDeepStrictEqual } from 'node:util'
import type { CustomResourceDefinition } from '../../../api/kinds/apiextensions.ts'
import type { Condition } from '../../../api/meta/object.ts'
import { toTime } from '../../../api/meta/time.ts'

export type ConditionType =
  | 'NamesAccepted'
  | 'Established'
  | 'KubernetesAPIApprovalPolicyConformant'
  | 'NonStructuralSchema'
  | 'Terminating'

export const findCondition = (
  { status }: CustomResourceDefinition,
  type: ConditionType,
): Condition | undefined => status?.conditions?.find(condition => condition.type === type)

export const isConditionTrue = (definition: CustomResourceDefinition, type: ConditionType): boolean =>
  findCondition(definition, type)?.status === 'True'

/** Conditions with one set; the time of its last transition stays where its status does. */
export function withCondition(
  conditions: readonly Condition[],
  { type, status, reason, message }: Omit<Condition, 'lastTransitionTime' | 'type'> & { type: ConditionType },
  now: Date,
): Condition[] {
  const old = conditions.find(condition => condition.type === type)
  const isKept = old?.status === status && Boolean(old.lastTransitionTime)
  const condition: Condition = {
    lastTransitionTime: isKept ? old.lastTransitionTime! : toTime(now),
    message: message ?? '',
    reason: reason ?? '',
    status,
    type,
  }
  if (!old) return [...conditions, condition]
  if (isDeepStrictEqual(old, condition)) return [...conditions]
  return conditions.map(each => (each === old ? condition : each))
}
