import type { Job, Pod } from '../../../api/kinds/types.ts'
import { isActive, isReady } from '../pod-facts.ts'
import type { JobStatus } from './conditions.ts'
import { type PolicyVerdict, verdictOf } from './failure-policy.ts'
import { indexOf, isIndexed, parseIndexes } from './indexes.ts'
import { hasFailed, hasSucceeded, isTerminating, isTracked } from './pods.ts'

/** Where a Job stands by its status and its Pods together. */
export interface Progress {
  active: Pod[]
  ready: number
  terminating: number
  succeeded: number
  failed: number
  /** Pods that ended and are not in the status yet. */
  newlySucceeded: Pod[]
  newlyFailed: Pod[]
  /** Failed Pods that a rule says to overlook: counted nowhere. */
  ignored: Pod[]
  completedIndexes: Set<number>
  failedIndexes: Set<number>
  /** A rule says that the Job fails. */
  fatal?: PolicyVerdict
}

/** The uids a status holds of Pods that are counted but may still carry the finalizer. */
export const uncounted = (status: JobStatus | undefined): Set<string> =>
  new Set([
    ...(status?.uncountedTerminatedPods?.succeeded ?? []),
    ...(status?.uncountedTerminatedPods?.failed ?? []),
  ])

export function progressOf(job: Job, pods: readonly Pod[]): Progress {
  const { status } = job
  const known = uncounted(status)
  const completions = job.spec.completions ?? 0
  const isNew = (pod: Pod): boolean => isTracked(pod) && !known.has(pod.metadata.uid!)
  const active = pods.filter(isActive)
  const completedIndexes = parseIndexes(status?.completedIndexes, completions)
  const failures = pods.filter(pod => isNew(pod) && !hasSucceeded(pod) && hasFailed(pod, job))
  const verdicts = new Map(failures.map(pod => [pod, verdictOf(job, pod)]))
  const ignored = failures.filter(pod => verdicts.get(pod)?.action === 'Ignore')
  const newlyFailed = failures.filter(pod => verdicts.get(pod)?.action !== 'Ignore')
  const fatal = newlyFailed.map(pod => verdicts.get(pod)).find(verdict => verdict?.action === 'FailJob')
  const newlySucceeded = successesOf(job, pods.filter(isNew), completedIndexes)
  const counted = status?.uncountedTerminatedPods
  return {
    active,
    ready: active.filter(isReady).length,
    terminating: pods.filter(isTerminating).length,
    succeeded: isIndexed(job)
      ? completedIndexes.size
      : (status?.succeeded ?? 0) + (counted?.succeeded?.length ?? 0) + newlySucceeded.length,
    failed: (status?.failed ?? 0) + (counted?.failed?.length ?? 0) + newlyFailed.length,
    newlySucceeded,
    newlyFailed,
    ignored,
    completedIndexes,
    failedIndexes: failedIndexesOf(job, pods, verdicts, completedIndexes),
    ...(fatal && { fatal }),
  }
}

/** Of an indexed Job the first success of each index counts, and is put among `completed`. */
function successesOf(job: Job, pods: readonly Pod[], completed: Set<number>): Pod[] {
  const succeeded = pods.filter(hasSucceeded)
  if (!isIndexed(job)) return succeeded
  for (const pod of succeeded) {
    const index = indexOf(pod, job)
    if (index !== undefined) completed.add(index)
  }
  return succeeded
}

const FAILURES = 'batch.kubernetes.io/job-index-failure-count'

/** How often an index has failed, as its Pod says. */
export const indexFailures = ({ metadata }: Pod): number => Number(metadata.annotations?.[FAILURES] ?? 0)

export const failureCountAnnotation = (count: number): Record<string, string> => ({
  [FAILURES]: String(count),
})

/** Indexes that have used up their tries (backoffLimitPerIndex), or that a rule gives up. */
function failedIndexesOf(
  job: Job,
  pods: readonly Pod[],
  verdicts: ReadonlyMap<Pod, PolicyVerdict | undefined>,
  completed: ReadonlySet<number>,
): Set<number> {
  const limit = perIndexLimit(job)
  if (limit === undefined) return new Set()
  const failed = parseIndexes((job.status as any)?.failedIndexes, job.spec.completions ?? 0)
  for (const pod of pods) {
    const index = indexOf(pod, job)
    if (index === undefined || completed.has(index) || !hasFailed(pod, job) || hasSucceeded(pod)) continue
    const verdict = verdicts.get(pod) ?? verdictOf(job, pod)
    if (verdict?.action === 'Ignore') continue
    if (verdict?.action === 'FailIndex' || indexFailures(pod) >= limit) failed.add(index)
  }
  return failed
}

export const perIndexLimit = ({ spec }: Job): number | undefined =>
  (spec as { backoffLimitPerIndex?: number }).backoffLimitPerIndex ?? undefined
