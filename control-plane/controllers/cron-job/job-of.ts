import { cronJobs } from '../../../api/kinds/batch.ts'
import type { CronJob } from '../../../api/kinds/types.ts'
import { controllerRef } from '../owner.ts'

const SCHEDULED = 'batch.kubernetes.io/cronjob-scheduled-timestamp'

/** The name says the minute, so that no time is ever run twice. `at` in milliseconds. */
export const jobName = ({ metadata }: CronJob, at: number): string =>
  `${metadata.name}-${Math.floor(at / 60_000)}`

/** The Job of one time of a CronJob. */
export function jobOf(cronJob: CronJob, at: number): object {
  const { metadata = {}, spec } = cronJob.spec.jobTemplate
  const timestamp = timeIn(at, (cronJob.spec as { timeZone?: string }).timeZone)
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: {
      name: jobName(cronJob, at),
      namespace: cronJob.metadata.namespace,
      ...(metadata.labels && { labels: metadata.labels }),
      annotations: { ...metadata.annotations, [SCHEDULED]: timestamp },
      ownerReferences: [controllerRef(cronJobs, cronJob)],
    },
    spec,
  }
}

/** RFC 3339 with the offset of a time zone. */
export function timeIn(at: number, timeZone: string | undefined): string {
  const offset = timeZone ? offsetOf(at, timeZone) : -new Date(at).getTimezoneOffset()
  const local = new Date(at + offset * 60_000).toISOString().slice(0, 19)
  if (offset === 0) return `${local}Z`
  const two = (value: number): string => String(value).padStart(2, '0')
  const size = Math.abs(offset)
  return `${local}${offset < 0 ? '-' : '+'}${two(Math.floor(size / 60))}:${two(size % 60)}`
}

/** Minutes by which a zone is ahead of UTC. */
function offsetOf(at: number, timeZone: string): number {
  const format = new Intl.DateTimeFormat('en-US', { timeZone, timeZoneName: 'longOffset' })
  const name = format.formatToParts(at).find(({ type }) => type === 'timeZoneName')?.value ?? 'GMT'
  const [, sign, hours = '0', minutes = '0'] = /GMT([+-])(\d+):(\d+)/.exec(name) ?? []
  return (sign === '-' ? -1 : 1) * (Number(hours) * 60 + Number(minutes))
}
