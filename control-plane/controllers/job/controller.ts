import { isDeepStrictEqual } from 'node:util'
import type { Controller, ReconcileResult } from '../../../api/client/controller.ts'
import { createExpectations } from '../../../api/client/expectations.ts'
import { jobs } from '../../../api/kinds/batch.ts'
import { pods } from '../../../api/kinds/core.ts'
import type { Job, Pod } from '../../../api/kinds/types.ts'
import { now } from '../../../api/meta/time.ts'
import { adopters, claim } from '../claim.ts'
import type { ControllerContext } from '../context.ts'
import { indexByController, ownerKey, patchMetadata } from '../owner.ts'
import { createPodControl } from '../pod-control.ts'
import { backoffLeft, extendStreak, type FailureStreak } from './backoff.ts'
import { hasCondition, isFinished, type JobStatus, type Outcome, withOutcome } from './conditions.ts'
import { planPods } from './manage.ts'
import { deadlineIn, outcomeOf } from './outcome.ts'
import { isTracked, TRACKING } from './pods.ts'
import { type Progress, progressOf, uncounted } from './progress.ts'
import { finalOutcome, nextStatus, written } from './status.ts'

const MANAGER = 'kubernetes.io/job-controller'
const OF_JOB = 'job'

/** Runs Pods until enough of them have succeeded. */
export function jobController({ client, informers, recorder }: ControllerContext): Controller {
  const cache = informers.informer(jobs)
  const podCache = informers.informer(pods)
  const expectations = createExpectations()
  const control = createPodControl({ client, recorder, owners: jobs, expectations })
  const streaks = new Map<string, FailureStreak>()
  indexByController(podCache)
  podCache.addIndex(OF_JOB, pod => ownerKey(jobs, pod))
  control.observe(podCache)
  return {
    name: 'job',
    watches: [{ kind: jobs }, { kind: pods, keys: pod => [...ownerKey(jobs, pod), ...adopters(cache, pod)] }],
    async reconcile(key) {
      const job = cache.get(key)
      if (!job || job.metadata.deletionTimestamp) {
        expectations.forget(key)
        streaks.delete(key)
        return release(podCache.byIndex(OF_JOB, key))
      }
      if ((job.spec as { managedBy?: string }).managedBy && (job.spec as any).managedBy !== MANAGER) return
      const owned = await claim({ client, owners: jobs, owned: pods, cache: podCache }, job)
      if (isFinished(job)) return release(owned)
      return pass(key, job, owned)
    },
  }

  async function pass(key: string, job: Job, owned: Pod[]): Promise<ReconcileResult | undefined> {
    const progress = progressOf(job, owned)
    const target = targetOf(job, progress)
    const streak = extendStreak(streaks.get(key) ?? { failures: 0, lastAt: 0 }, [
      ...progress.newlySucceeded.map(pod => ({ pod, isFailure: false })),
      ...progress.newlyFailed.map(pod => ({ pod, isFailure: true })),
    ])
    const wait = backoffLeft(streak, Date.now())
    const failure = expectations.isSatisfied(key)
      ? await (target ? end(key, job, progress) : manage(key, job, progress, owned, wait > 0)).then(
          () => undefined,
          (error: Error) => error,
        )
      : undefined
    const status = await writeStatus(job, progress, owned, target)
    streaks.set(key, streak)
    const noted = uncounted(status)
    await release(owned.filter(pod => noted.has(pod.metadata.uid!) || progress.ignored.includes(pod)))
    // What could not be done shows in the status all the same.
    if (failure) throw failure
    const waits = [deadlineIn({ ...job, status }, Date.now()), wait > 0 ? wait : undefined]
    const next = Math.min(...waits.map(left => left ?? Number.POSITIVE_INFINITY))
    return Number.isFinite(next) && !target ? { requeueAfter: Math.max(next, 0) } : undefined
  }

  /** Whatever still runs of a Job whose end is certain. */
  async function end(key: string, job: Job, { active }: Progress): Promise<void> {
    if (active.length > 0) await control.delete(key, job, active)
  }

  async function manage(key: string, job: Job, progress: Progress, owned: Pod[], isBackingOff: boolean) {
    const { create, remove } = planPods(job, progress, owned)
    if (remove.length > 0) {
      // Nobody shall take a Pod for failed that was one too many.
      await release(remove)
      await control.delete(key, job, remove)
    } else if (create.length > 0 && !isBackingOff) {
      await control.createAll(key, job, create)
    }
  }

  async function writeStatus(
    job: Job,
    progress: Progress,
    owned: Pod[],
    target: Outcome | undefined,
  ): Promise<JobStatus> {
    const held = new Set(owned.filter(isTracked).map(({ metadata }) => metadata.uid!))
    const released = uncounted(job.status).difference(held)
    const status = withSuspension(job, nextStatus(job, progress, released, target))
    const isOver = target && isQuiet(progress, status)
    const final = isOver ? finalOutcome(target) : undefined
    if (final) {
      status.conditions = withOutcome(status.conditions ?? [], final)
      if (final.type === 'Complete') status.completionTime = now()
    }
    if (!isDeepStrictEqual(written(status), written(job.status ?? {}))) {
      const { resourceVersion } = job.metadata
      const body = { metadata: { resourceVersion }, status: written(status) }
      await client.patch(jobs, job.metadata, { type: 'merge', body }, { subresource: 'status' })
      tell(job, status, final)
    }
    return status
  }

  function tell(job: Job, status: JobStatus, final: Outcome | undefined): void {
    if (final?.type === 'Complete') recorder.event(job, 'Normal', 'Completed', 'Job completed')
    else if (final) recorder.event(job, 'Warning', final.reason, final.message)
    const isSuspended = hasCondition({ ...job, status }, 'Suspended')
    if (isSuspended === hasCondition(job, 'Suspended')) return
    if (isSuspended) recorder.event(job, 'Normal', 'Suspended', 'Job suspended')
    else recorder.event(job, 'Normal', 'Resumed', 'Job resumed')
  }

  /** Takes the finalizer off Pods: they are counted, or there is nothing left to count them for. */
  async function release(doomed: readonly Pod[]): Promise<undefined> {
    const body = ({ metadata }: Pod) => ({
      metadata: { uid: metadata.uid, '$deleteFromPrimitiveList/finalizers': [TRACKING] },
    })
    await Promise.all(
      doomed.filter(isTracked).map(pod => patchMetadata(client, pods, pod.metadata, body(pod))),
    )
  }
}

/** What a Job is to end as: decided once, and never again. */
function targetOf(job: Job, progress: Progress): Outcome | undefined {
  const decided = (job.status?.conditions ?? []).find(
    ({ type, status }) => status === 'True' && (type === 'FailureTarget' || type === 'SuccessCriteriaMet'),
  )
  return (decided as Outcome | undefined) ?? outcomeOf(job, progress, Date.now())
}

/** Nothing runs any more, and all that ended has become a number. */
const isQuiet = ({ active, terminating }: Progress, status: JobStatus): boolean =>
  active.length === 0 && terminating === 0 && uncounted(status).size === 0

function withSuspension(job: Job, status: JobStatus): JobStatus {
  if (isOverOrEnding(status)) return status
  const { conditions = [] } = status
  if (job.spec.suspend) {
    const suspended = { type: 'Suspended', status: 'True', reason: 'JobSuspended', message: 'Job suspended' }
    return { ...status, conditions: withOutcome(conditions, suspended as Outcome) }
  }
  if (!hasCondition({ ...job, status }, 'Suspended'))
    return { ...status, startTime: status.startTime ?? now() }
  const resumed = { type: 'Suspended', status: 'False', reason: 'JobResumed', message: 'Job resumed' }
  return { ...status, startTime: now(), conditions: withOutcome(conditions, resumed as Outcome) }
}

const isOverOrEnding = ({ conditions = [] }: JobStatus): boolean =>
  conditions.some(
    ({ type, status }) => status === 'True' && ['FailureTarget', 'SuccessCriteriaMet'].includes(type),
  )
