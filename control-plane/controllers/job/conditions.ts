import type { Job } from '../../../api/kinds/types.ts'
import { now } from '../../../api/meta/time.ts'

export type JobStatus = NonNullable<Job['status']>
type JobCondition = NonNullable<JobStatus['conditions']>[number]

/** How a Job ends, or why it rests. */
export interface Outcome {
  type: string
  status: 'True' | 'False'
  reason: string
  message: string
}

export const hasCondition = ({ status }: Job, type: string): boolean =>
  (status?.conditions ?? []).some(condition => condition.type === type && condition.status === 'True')

export const isFinished = (job: Job): boolean => hasCondition(job, 'Complete') || hasCondition(job, 'Failed')

/** Conditions with one put in its place; the same array when it says nothing new. */
export function withOutcome(conditions: readonly JobCondition[], outcome: Outcome): JobCondition[] {
  const old = conditions.find(({ type }) => type === outcome.type)
  const { status, reason, message } = outcome
  if (old?.status === status && old.reason === reason && old.message === message)
    return conditions as JobCondition[]
  const time = now()
  const lastTransitionTime = old?.status === status ? old.lastTransitionTime! : time
  const next = { ...outcome, lastProbeTime: time, lastTransitionTime }
  return old ? conditions.map(condition => (condition === old ? next : condition)) : [...conditions, next]
}
