import type { Job, Pod } from '../../../api/kinds/types.ts'
import type { Outcome } from './conditions.ts'
import { type Progress, perIndexLimit } from './progress.ts'

interface SuccessRule {
  succeededIndexes?: string
  succeededCount?: number
}

const failure = (reason: string, message: string): Outcome => ({
  type: 'FailureTarget',
  status: 'True',
  reason,
  message,
})

/** How a Job ends by what has come of its Pods; undefined while it goes on. `now` in milliseconds. */
export function outcomeOf(job: Job, progress: Progress, now: number): Outcome | undefined {
  return failureOf(job, progress, now) ?? successOf(job, progress)
}

function failureOf(job: Job, progress: Progress, now: number): Outcome | undefined {
  const { backoffLimit = 6 } = job.spec
  if (progress.fatal) return failure('PodFailurePolicy', progress.fatal.message)
  if (progress.failed > backoffLimit || restartsExceeded(job, progress.active)) {
    return failure('BackoffLimitExceeded', 'Job has reached the specified backoff limit')
  }
  if ((deadlineIn(job, now) ?? 1) <= 0) {
    return failure('DeadlineExceeded', 'Job was active longer than specified deadline')
  }
  return perIndexFailure(job, progress)
}

/** Containers that are started again in their Pods use the backoff limit up too. */
function restartsExceeded({ spec }: Job, active: readonly Pod[]): boolean {
  const { backoffLimit = 6, template } = spec
  if (template.spec?.restartPolicy !== 'OnFailure') return false
  const restarts = active
    .flatMap(({ status }) => [...(status?.initContainerStatuses ?? []), ...(status?.containerStatuses ?? [])])
    .reduce((sum, { restartCount }) => sum + restartCount, 0)
  return backoffLimit === 0 ? restarts > 0 : restarts >= backoffLimit
}

function perIndexFailure(job: Job, { failedIndexes, completedIndexes }: Progress): Outcome | undefined {
  if (perIndexLimit(job) === undefined || failedIndexes.size === 0) return undefined
  const most = (job.spec as { maxFailedIndexes?: number }).maxFailedIndexes
  if (most !== undefined && failedIndexes.size > most) {
    return failure(
      'MaxFailedIndexesExceeded',
      'Job has exceeded the specified maximal number of failed indexes',
    )
  }
  if (failedIndexes.size + completedIndexes.size < (job.spec.completions ?? 0)) return undefined
  return failure('FailedIndexes', 'Job has failed indexes')
}

/** Milliseconds until the Job has been active for too long; undefined without a deadline. */
export function deadlineIn({ spec, status }: Job, now: number): number | undefined {
  const { activeDeadlineSeconds: seconds } = spec
  if (!seconds || !status?.startTime || spec.suspend) return undefined
  return Date.parse(status.startTime) + seconds * 1000 - now
}

function successOf(job: Job, progress: Progress): Outcome | undefined {
  const rule = metRule(job, progress)
  if (rule !== undefined) {
    return success('SuccessPolicy', `Matched rules at index ${rule}`)
  }
  const { completions } = job.spec
  const isDone =
    completions === undefined || completions === null
      ? progress.succeeded > 0 && progress.active.length === 0
      : progress.succeeded >= completions
  return isDone ? success('CompletionsReached', 'Reached expected number of succeeded pods') : undefined
}

const success = (reason: string, message: string): Outcome => ({
  type: 'SuccessCriteriaMet',
  status: 'True',
  reason,
  message,
})

/** The first rule of the success policy that the completed indexes meet. */
function metRule({ spec }: Job, { completedIndexes }: Progress): number | undefined {
  const { rules = [] } = (spec as { successPolicy?: { rules: SuccessRule[] } }).successPolicy ?? {}
  const at = rules.findIndex(({ succeededIndexes, succeededCount }) => {
    const wanted = succeededIndexes ? expand(succeededIndexes) : undefined
    const met = wanted ? wanted.filter(index => completedIndexes.has(index)).length : completedIndexes.size
    return met >= (succeededCount ?? wanted?.length ?? Number.POSITIVE_INFINITY)
  })
  return at < 0 ? undefined : at
}

const expand = (text: string): number[] =>
  text.split(',').flatMap(range => {
    const [first, last = first] = range.split('-').map(Number)
    return Array.from({ length: last! - first! + 1 }, (_, i) => first! + i)
  })
