import { jobs } from '../../../api/kinds/batch.ts'
import type { Job, Pod } from '../../../api/kinds/types.ts'
import { type PodBody, podFrom } from '../pod-control.ts'
import { INDEX } from './indexes.ts'

/** Keeps a Pod that has ended until it is counted. */
export const TRACKING = 'batch.kubernetes.io/job-tracking'

export const isTracked = ({ metadata }: Pod): boolean => metadata.finalizers?.includes(TRACKING) ?? false

/** A Pod of a Job; `index` for Jobs whose Pods are told apart. */
export function jobPod(job: Job, index?: number): PodBody {
  const body = structuredClone(podFrom(job.spec.template, job, jobs))
  body.metadata.finalizers = [...(body.metadata.finalizers ?? []), TRACKING]
  if (index === undefined) return body
  const { name } = job.metadata
  body.metadata.generateName = `${name}-${index}-`
  body.metadata.annotations = { ...body.metadata.annotations, [INDEX]: String(index) }
  body.metadata.labels = { ...body.metadata.labels, [INDEX]: String(index) }
  body.spec.hostname ??= `${name}-${index}`
  for (const container of [...body.spec.containers, ...(body.spec.initContainers ?? [])]) {
    container.env ??= []
    if (container.env.some((variable: { name: string }) => variable.name === VARIABLE)) continue
    container.env.push({
      name: VARIABLE,
      valueFrom: { fieldRef: { fieldPath: `metadata.labels['${INDEX}']` } },
    })
  }
  return body
}

const VARIABLE = 'JOB_COMPLETION_INDEX'

/** A Pod that will do no more: failed, or going before it was done where that counts as a failure. */
export function hasFailed(pod: Pod, job: Job): boolean {
  if (pod.status?.phase === 'Failed') return true
  return isTerminating(pod) && !waitsForEnd(job)
}

export const hasSucceeded = ({ status }: Pod): boolean => status?.phase === 'Succeeded'

/** Being deleted and not over. */
export const isTerminating = ({ metadata, status }: Pod): boolean =>
  metadata.deletionTimestamp !== undefined && status?.phase !== 'Failed' && status?.phase !== 'Succeeded'

/** Pods are replaced only once they are really over. */
export const waitsForEnd = ({ spec }: Job): boolean =>
  (spec as { podReplacementPolicy?: string }).podReplacementPolicy === 'Failed'

/** Milliseconds at which a Pod ended: its last container, or when it was told to go. */
export function endedAt({ metadata, status }: Pod): number {
  const ends = (status?.containerStatuses ?? []).map(({ state }) =>
    Date.parse(state?.terminated?.finishedAt ?? ''),
  )
  const known = ends.filter(time => !Number.isNaN(time))
  if (known.length > 0) return Math.max(...known)
  const ready = status?.conditions?.find(({ type }) => type === 'Ready')?.lastTransitionTime
  return Date.parse(ready ?? metadata.deletionTimestamp ?? metadata.creationTimestamp ?? '')
}
