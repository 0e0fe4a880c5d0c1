import { cronJobColumns, jobColumns } from './columns/workloads.ts'
import { groupVersion } from './declare.ts'
import type { CronJob, Job } from './types.ts'

const v1 = groupVersion('batch', 'v1')

export const jobs = v1<Job>({
  kind: 'Job',
  plural: 'jobs',
  categories: ['all'],
  columns: jobColumns,
  subresources: { status: true },
  fieldSelectors: { 'status.successful': job => String(job.status?.succeeded ?? 0) },
})

export const cronJobs = v1<CronJob>({
  kind: 'CronJob',
  plural: 'cronjobs',
  shortNames: ['cj'],
  categories: ['all'],
  columns: cronJobColumns,
  subresources: { status: true },
})
