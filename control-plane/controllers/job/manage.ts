import type { Job, Pod } from '../../../api/kinds/types.ts'
import type { PodBody } from '../pod-control.ts'
import { orderForDeletion } from '../replica-set/deletion-order.ts'
import { indexOf, isIndexed, missingIndexes } from './indexes.ts'
import { jobPod, waitsForEnd } from './pods.ts'
import { failureCountAnnotation, indexFailures, type Progress, perIndexLimit } from './progress.ts'

/** Most Pods made in one pass. */
const BURST = 500

/** Pods to make and to take away. */
export interface Plan {
  create: PodBody[]
  remove: Pod[]
}

/** What a Job lacks or has too much of. Pure. `pods` are all of its Pods, those that ended too. */
export function planPods(job: Job, progress: Progress, pods: readonly Pod[]): Plan {
  if (job.spec.suspend) return { create: [], remove: progress.active }
  const misplaced = isIndexed(job) ? misplacedPods(job, progress) : []
  const active = progress.active.filter(pod => !misplaced.includes(pod))
  const wanted = wantedActive(job, progress, active.length)
  if (active.length > wanted) {
    const surplus = orderForDeletion(active, active, Date.now()).slice(0, active.length - wanted)
    return { create: [], remove: [...misplaced, ...surplus] }
  }
  const leaving = waitsForEnd(job) ? progress.terminating : 0
  const count = Math.min(wanted - active.length - leaving, BURST)
  return { create: count > 0 ? newPods(job, progress, pods, active, count) : [], remove: misplaced }
}

function wantedActive({ spec }: Job, { succeeded, failedIndexes }: Progress, active: number): number {
  const { completions, parallelism = 1 } = spec
  // Without a number of completions one success means that no more are wanted.
  if (completions === undefined || completions === null) return succeeded > 0 ? active : parallelism
  return Math.max(0, Math.min(parallelism, completions - succeeded - failedIndexes.size))
}

/** Pods whose index is done, given up, out of range, or worked on by another one too. */
function misplacedPods(job: Job, { active, completedIndexes, failedIndexes }: Progress): Pod[] {
  const seen = new Set<number>()
  return active.filter(pod => {
    const index = indexOf(pod, job)
    if (index === undefined || seen.has(index)) return true
    seen.add(index)
    return completedIndexes.has(index) || failedIndexes.has(index)
  })
}

function newPods(
  job: Job,
  { completedIndexes, failedIndexes }: Progress,
  pods: readonly Pod[],
  active: readonly Pod[],
  count: number,
): PodBody[] {
  if (!isIndexed(job)) return new Array(count).fill(jobPod(job))
  const taken = new Set([...completedIndexes, ...failedIndexes, ...active.map(pod => indexOf(pod, job)!)])
  return missingIndexes(taken, job.spec.completions ?? 0, count).map(index => {
    const body = jobPod(job, index)
    if (perIndexLimit(job) !== undefined) {
      const before = pods.filter(pod => indexOf(pod, job) === index).map(indexFailures)
      const failures = before.length > 0 ? Math.max(...before) + 1 : 0
      Object.assign(body.metadata.annotations, failureCountAnnotation(failures))
    }
    return body
  })
}
