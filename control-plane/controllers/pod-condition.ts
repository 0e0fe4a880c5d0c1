import type { Pod } from '../../api/kinds/types.ts'
import { now } from '../../api/meta/time.ts'

/** What a condition of a Pod says. */
export interface PodCondition {
  type: string
  status: 'True' | 'False'
  reason: string
  message: string
}

/** The part of a strategic patch of a Pod's status that sets a condition in its place; one that is new comes last. */
export function conditionPatch({ metadata, status }: Pod, condition: PodCondition): object {
  const there = status?.conditions ?? []
  const old = there.find(({ type }) => type === condition.type)
  const lastTransitionTime = (old?.status === condition.status && old.lastTransitionTime) || now()
  const types = there.map(({ type }) => type)
  const order = old ? types : [...types, condition.type]
  return {
    conditions: [{ ...condition, observedGeneration: metadata.generation, lastTransitionTime }],
    '$setElementOrder/conditions': order.map(type => ({ type })),
  }
}
