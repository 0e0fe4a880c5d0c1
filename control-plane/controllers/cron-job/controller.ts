import { isDeepStrictEqual } from 'node:util'
import type { Client } from '../../../api/client/client.ts'
import type { Controller, ReconcileResult } from '../../../api/client/controller.ts'
import type { EventRecorder } from '../../../api/client/event-recorder.ts'
import { cronJobs, jobs } from '../../../api/kinds/batch.ts'
import type { CronJob, Job } from '../../../api/kinds/types.ts'
import { isAlreadyExists, isNotFound } from '../../../api/meta/status.ts'
import { toTime } from '../../../api/meta/time.ts'
import type { ControllerContext } from '../context.ts'
import { hasCondition, isFinished } from '../job/conditions.ts'
import { controlledBy, controllerOf, indexByController, ownerKey } from '../owner.ts'
import { jobName, jobOf } from './job-of.ts'
import { missedTimes, parseSchedule, type Schedule } from './schedule.ts'

type Status = NonNullable<CronJob['status']>
type Reference = NonNullable<Status['active']>[number]

/** A little later than due, so that a clock that is read early does not miss it. Milliseconds. */
const SLACK = 100

/** Makes Jobs by the clock. */
export function cronJobController({ client, informers, recorder }: ControllerContext): Controller {
  const cache = informers.informer(cronJobs)
  const jobCache = informers.informer(jobs)
  indexByController(jobCache)
  return {
    name: 'cronjob',
    watches: [{ kind: cronJobs }, { kind: jobs, keys: job => ownerKey(cronJobs, job) }],
    async reconcile(key) {
      const cached = cache.get(key)
      if (!cached || cached.metadata.deletionTimestamp) return
      const owned = controlledBy(jobCache, cached)
      const cronJob = await upToDate(cached, owned)
      const status = takeStock(cronJob, owned, recorder)
      await removeHistory(client, recorder, cronJob, owned)
      const next = cronJob.spec.suspend ? undefined : await schedule(cronJob, status)
      await writeStatus(cronJob, status)
      return next
    },
  }

  /** The cache may hear of a Job before it hears that this controller has noted it. */
  async function upToDate(cronJob: CronJob, owned: readonly Job[]): Promise<CronJob> {
    const { metadata, status } = cronJob
    if (unexpected(owned, status?.active).length === 0) return cronJob
    return await client.get(cronJobs, metadata)
  }

  /** Starts what is due, noting it in `status`; tells when to look again. */
  async function schedule(cronJob: CronJob, status: Status): Promise<ReconcileResult | undefined> {
    const times = readSchedule(cronJob)
    if (!times) return
    const now = Date.now()
    const due = missedTimes(times, since(cronJob, status, now), now)
    if (due && due.count >= 100) {
      const message = `too many missed start times. Set or decrease .spec.startingDeadlineSeconds or check clock skew`
      recorder.event(cronJob, 'Warning', 'TooManyMissedTimes', message)
    }
    if (due && !isTooLate(cronJob, due.latest, now)) await startJob(cronJob, status, due.latest)
    const next = times.next(now)
    return next === undefined ? undefined : { requeueAfter: next - now + SLACK }
  }

  function readSchedule(cronJob: CronJob): Schedule | undefined {
    const { schedule: text, timeZone } = cronJob.spec as { schedule: string; timeZone?: string }
    try {
      return parseSchedule(text, timeZone)
    } catch (error) {
      const message = `unparseable schedule: ${text} : ${(error as Error).message}`
      recorder.event(cronJob, 'Warning', 'UnparseableCronJobSchedule', message)
      return undefined
    }
  }

  function isTooLate(cronJob: CronJob, at: number, now: number): boolean {
    const { startingDeadlineSeconds: seconds } = cronJob.spec
    if (seconds === undefined || seconds === null || at + seconds * 1000 >= now) return false
    const message = `Missed scheduled time to start a job: ${new Date(at).toUTCString()}`
    recorder.event(cronJob, 'Warning', 'MissSchedule', message)
    return true
  }

  async function startJob(cronJob: CronJob, status: Status, at: number): Promise<void> {
    const { concurrencyPolicy } = cronJob.spec
    const running = status.active ?? []
    if (running.some(({ name }) => name === jobName(cronJob, at))) return
    if (running.length > 0 && concurrencyPolicy === 'Forbid') {
      const message = 'Not starting job because prior execution is running and concurrency policy is Forbid'
      return recorder.event(cronJob, 'Normal', 'JobAlreadyActive', message)
    }
    if (concurrencyPolicy === 'Replace') {
      for (const reference of running) await removeJob(client, recorder, cronJob, reference.name!)
      status.active = []
    }
    const made = await create(cronJob, at)
    if (made && !isFinished(made)) status.active = [...(status.active ?? []), referenceTo(made)]
    status.lastScheduleTime = toTime(new Date(at))
  }

  /** Undefined when the name belongs to somebody else. */
  async function create(cronJob: CronJob, at: number): Promise<Job | undefined> {
    const name = jobName(cronJob, at)
    try {
      const job = await client.create(jobs, jobOf(cronJob, at) as never)
      recorder.event(cronJob, 'Normal', 'SuccessfulCreate', `Created job ${name}`)
      return job
    } catch (error) {
      if (!isAlreadyExists(error)) {
        const message = `Error creating job: ${(error as Error).message}`
        recorder.event(cronJob, 'Warning', 'FailedCreate', message)
        throw error
      }
      const there = await client.get(jobs, { name, namespace: cronJob.metadata.namespace })
      return controllerOf(there)?.uid === cronJob.metadata.uid ? there : undefined
    }
  }

  async function writeStatus(cronJob: CronJob, status: Status): Promise<void> {
    const { metadata } = cronJob
    const wanted = { ...status, active: status.active?.length ? status.active : null }
    if (isDeepStrictEqual(wanted, { ...cronJob.status, active: cronJob.status?.active ?? null })) return
    const body = { metadata: { resourceVersion: metadata.resourceVersion }, status: wanted }
    await client.patch(cronJobs, metadata, { type: 'merge', body }, { subresource: 'status' })
  }
}

/** Where looking for missed times begins: no earlier than what could still be started. */
function since({ metadata, spec }: CronJob, status: Status, now: number): number {
  const last = Date.parse(status.lastScheduleTime ?? metadata.creationTimestamp ?? '')
  const { startingDeadlineSeconds: seconds } = spec
  return seconds === undefined || seconds === null ? last : Math.max(last, now - seconds * 1000)
}

/** The status brought up to date with the Jobs there are. */
function takeStock(cronJob: CronJob, owned: readonly Job[], recorder: EventRecorder): Status {
  const status: Status = structuredClone(cronJob.status ?? {})
  const byUid = new Map(owned.map(job => [job.metadata.uid, job]))
  for (const job of unexpected(owned, status.active)) {
    const message = `Saw a job that the controller did not create or forgot: ${job.metadata.name}`
    recorder.event(cronJob, 'Warning', 'UnexpectedJob', message)
  }
  status.active = (status.active ?? []).filter(reference => {
    const job = byUid.get(reference.uid!)
    if (job && !isFinished(job)) return true
    if (job) tellEnd(cronJob, job, recorder)
    else recorder.event(cronJob, 'Normal', 'MissingJob', `Active job went missing: ${reference.name}`)
    return false
  })
  const ends = owned.filter(job => hasCondition(job, 'Complete')).map(job => job.status?.completionTime ?? '')
  const latest = ends.sort().at(-1)
  if (latest && latest > (status.lastSuccessfulTime ?? '')) status.lastSuccessfulTime = latest
  return status
}

/** Jobs that run and are not among the active ones. */
function unexpected(owned: readonly Job[], active: readonly Reference[] = []): Job[] {
  const known = new Set(active.map(({ uid }) => uid))
  return owned.filter(job => !known.has(job.metadata.uid!) && !isFinished(job))
}

function tellEnd(cronJob: CronJob, job: Job, recorder: EventRecorder): void {
  const condition = hasCondition(job, 'Complete') ? 'Complete' : 'Failed'
  const message = `Saw completed job: ${job.metadata.name}, condition: ${condition}`
  recorder.event(cronJob, 'Normal', 'SawCompletedJob', message)
}

const referenceTo = ({ metadata }: Job): Reference => ({
  apiVersion: 'batch/v1',
  kind: 'Job',
  name: metadata.name,
  namespace: metadata.namespace!,
  uid: metadata.uid!,
  resourceVersion: metadata.resourceVersion!,
})

/** Removes the oldest Jobs that ended, beyond as many as are to be kept. */
async function removeHistory(
  client: Client,
  recorder: EventRecorder,
  cronJob: CronJob,
  owned: readonly Job[],
): Promise<void> {
  const limits = {
    Complete: cronJob.spec.successfulJobsHistoryLimit ?? 3,
    Failed: cronJob.spec.failedJobsHistoryLimit ?? 1,
  }
  const startOf = ({ metadata, status }: Job): string => status?.startTime ?? metadata.creationTimestamp!
  for (const [condition, limit] of Object.entries(limits)) {
    const ended = owned
      .filter(job => hasCondition(job, condition) && !job.metadata.deletionTimestamp)
      .sort((a, b) => (startOf(a) < startOf(b) ? -1 : 1))
    const surplus = ended.slice(0, Math.max(0, ended.length - limit))
    for (const { metadata } of surplus) await removeJob(client, recorder, cronJob, metadata.name)
  }
}

async function removeJob(
  client: Client,
  recorder: EventRecorder,
  cronJob: CronJob,
  name: string,
): Promise<void> {
  const target = { name, namespace: cronJob.metadata.namespace }
  try {
    await client.delete(jobs, target, { propagationPolicy: 'Background' })
    recorder.event(cronJob, 'Normal', 'SuccessfulDelete', `Deleted job ${name}`)
  } catch (error) {
    if (!isNotFound(error)) throw error
  }
}
