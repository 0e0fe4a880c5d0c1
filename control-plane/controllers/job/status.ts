import type { Job } from '../../../api/kinds/types.ts'
import { type JobStatus, type Outcome, withOutcome } from './conditions.ts'
import { formatIndexes, isIndexed } from './indexes.ts'
import { type Progress, perIndexLimit } from './progress.ts'

/** Most Pods taken note of in one write of the status. */
const MOST_UNCOUNTED = 500

/**
 * The status after a pass. Pods that ended are first noted by uid, then lose their finalizer, and only then become a
 * number: so none is counted twice or not at all, whenever the controller dies.
 * @param released uids of noted Pods that have lost their finalizer, or are gone
 */
export function nextStatus(
  job: Job,
  progress: Progress,
  released: ReadonlySet<string>,
  outcome: Outcome | undefined,
): JobStatus {
  const before = job.status ?? {}
  const noted = before.uncountedTerminatedPods ?? {}
  const succeeded = moved(noted.succeeded, released, progress.newlySucceeded)
  const failed = moved(noted.failed, released, progress.newlyFailed)
  return {
    ...before,
    active: progress.active.length,
    ready: progress.ready,
    terminating: progress.terminating,
    succeeded: isIndexed(job) ? progress.completedIndexes.size : (before.succeeded ?? 0) + succeeded.counted,
    failed: (before.failed ?? 0) + failed.counted,
    uncountedTerminatedPods: {
      ...(succeeded.left.length > 0 && { succeeded: succeeded.left }),
      ...(failed.left.length > 0 && { failed: failed.left }),
    },
    ...(isIndexed(job) && { completedIndexes: formatIndexes(progress.completedIndexes) }),
    ...(perIndexLimit(job) !== undefined && { failedIndexes: formatIndexes(progress.failedIndexes) }),
    ...(outcome && { conditions: withOutcome(before.conditions ?? [], outcome) }),
  } as JobStatus
}

function moved(
  noted: readonly string[] = [],
  released: ReadonlySet<string>,
  added: readonly { metadata: { uid?: string } }[],
): { left: string[]; counted: number } {
  const kept = noted.filter(uid => !released.has(uid))
  const left = [...kept, ...added.map(({ metadata }) => metadata.uid!)].slice(0, MOST_UNCOUNTED)
  return { left, counted: noted.length - kept.length }
}

/** The condition that says that the Job is over, once none of its Pods runs any more. */
export function finalOutcome(target: Outcome): Outcome {
  return { ...target, type: target.type === 'FailureTarget' ? 'Failed' : 'Complete' }
}

/** A status as a merge patch writes it: what upstream leaves out (zeros, empty texts and lists) is taken away. */
export function written(status: JobStatus): object {
  const { active, succeeded, failed, startTime, completedIndexes, failedIndexes } = status as any
  const noted = status.uncountedTerminatedPods
  return {
    ...status,
    startTime: startTime ?? null,
    active: active || null,
    succeeded: succeeded || null,
    failed: failed || null,
    completedIndexes: completedIndexes || null,
    failedIndexes: failedIndexes ?? null,
    uncountedTerminatedPods: { succeeded: noted?.succeeded ?? null, failed: noted?.failed ?? null },
  }
}
