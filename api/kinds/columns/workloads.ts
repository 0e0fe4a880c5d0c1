import type { Column } from '../kind.ts'
import type { CronJob, DaemonSet, Deployment, Job, ReplicaSet, StatefulSet } from '../types.ts'
import { AGE, column, formatLabels, formatSelector, NAME, workloadColumns } from './common.ts'
import { humanDuration, since } from './duration.ts'

const count = <T>(name: string, value: (object: T) => number | undefined): Column<T> =>
  column(name, object => value(object) ?? 0, 'integer')

export const deploymentColumns: readonly Column<Deployment>[] = [
  NAME,
  column('Ready', ({ spec, status }) => `${status?.readyReplicas ?? 0}/${spec.replicas ?? 0}`),
  column('Up-to-date', ({ status }) => status?.updatedReplicas ?? 0),
  column('Available', ({ status }) => status?.availableReplicas ?? 0),
  AGE,
  ...workloadColumns<Deployment>(
    ({ spec }) => spec.template,
    ({ spec }) => formatSelector(spec.selector),
  ),
]

export const replicaSetColumns: readonly Column<ReplicaSet>[] = [
  NAME,
  count('Desired', ({ spec }) => spec.replicas),
  count('Current', ({ status }) => status?.replicas),
  count('Ready', ({ status }) => status?.readyReplicas),
  AGE,
  ...workloadColumns<ReplicaSet>(
    ({ spec }) => spec.template,
    ({ spec }) => formatSelector(spec.selector),
  ),
]

export const daemonSetColumns: readonly Column<DaemonSet>[] = [
  NAME,
  count('Desired', ({ status }) => status?.desiredNumberScheduled),
  count('Current', ({ status }) => status?.currentNumberScheduled),
  count('Ready', ({ status }) => status?.numberReady),
  count('Up-to-date', ({ status }) => status?.updatedNumberScheduled),
  count('Available', ({ status }) => status?.numberAvailable),
  column('Node Selector', ({ spec }) => formatLabels(spec.template.spec?.nodeSelector)),
  AGE,
  ...workloadColumns<DaemonSet>(
    ({ spec }) => spec.template,
    ({ spec }) => formatSelector(spec.selector),
  ),
]

export const statefulSetColumns: readonly Column<StatefulSet>[] = [
  NAME,
  column('Ready', ({ spec, status }) => `${status?.readyReplicas ?? 0}/${spec.replicas ?? 0}`),
  AGE,
  ...workloadColumns<StatefulSet>(
    ({ spec }) => spec.template,
    () => '',
  ).slice(0, 2),
]

export const controllerRevisionColumns: readonly Column<any>[] = [
  NAME,
  column('Controller', revision => {
    const owner = (revision.metadata.ownerReferences ?? []).find(
      (ref: { controller?: boolean }) => ref.controller,
    )
    if (!owner) return '<none>'
    const group = owner.apiVersion.includes('/') ? `.${owner.apiVersion.split('/')[0]}` : ''
    return `${owner.kind.toLowerCase()}${group}/${owner.name}`
  }),
  column('Revision', '.revision'),
  AGE,
]

function jobStatus({ metadata, spec, status }: Job): string {
  const has = (type: string): boolean =>
    (status?.conditions ?? []).some(condition => condition.type === type && condition.status === 'True')
  if (has('Complete')) return 'Complete'
  if (has('Failed')) return 'Failed'
  if (metadata.deletionTimestamp) return 'Terminating'
  if (has('Suspended') || spec.suspend) return 'Suspended'
  if (has('FailureTarget')) return 'FailureTarget'
  return has('SuccessCriteriaMet') ? 'SuccessCriteriaMet' : 'Running'
}

function jobCompletions({ spec, status }: Job): string {
  const succeeded = status?.succeeded ?? 0
  if (spec.completions !== undefined && spec.completions !== null) return `${succeeded}/${spec.completions}`
  const parallelism = spec.parallelism ?? 0
  return parallelism > 1 ? `${succeeded}/1 of ${parallelism}` : `${succeeded}/1`
}

function jobDuration({ status }: Job, now: Date): string {
  if (!status?.startTime) return ''
  const end = status.completionTime ? Date.parse(status.completionTime) : now.getTime()
  return humanDuration((end - Date.parse(status.startTime)) / 1000)
}

export const jobColumns: readonly Column<Job>[] = [
  NAME,
  column('Status', jobStatus),
  column('Completions', jobCompletions),
  column('Duration', jobDuration),
  AGE,
  ...workloadColumns<Job>(
    ({ spec }) => spec.template,
    ({ spec }) => formatSelector(spec.selector),
  ),
]

export const cronJobColumns: readonly Column<CronJob>[] = [
  NAME,
  column('Schedule', '.spec.schedule'),
  column('Timezone', ({ spec }) => spec.timeZone ?? '<none>'),
  column('Suspend', ({ spec }) => (spec.suspend ? 'True' : 'False'), 'boolean'),
  count('Active', ({ status }) => status?.active?.length),
  column('Last Schedule', ({ status }, now) =>
    status?.lastScheduleTime ? since(status.lastScheduleTime, now) : '<none>',
  ),
  AGE,
  ...workloadColumns<CronJob>(
    ({ spec }) => spec.jobTemplate.spec?.template,
    ({ spec }) => formatSelector(spec.jobTemplate.spec?.selector),
  ),
]
