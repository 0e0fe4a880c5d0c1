import type { Column } from '../kind.ts'
import { AGE, column, NAME } from './common.ts'

interface Amount {
  value?: string
  averageValue?: string
  averageUtilization?: number
}

interface Metric {
  type: string
  [source: string]: any
}

const UNKNOWN = '<unknown>'
const MOST_METRICS = 2

/** `cpu: 12%/80%, requests: 30/100 (avg) + 1 more...` */
function targets({ spec, status }: any): string {
  const metrics: Metric[] = spec.metrics ?? []
  if (metrics.length === 0) return '<none>'
  const shown = metrics.slice(0, MOST_METRICS).map((metric, i) => target(metric, status?.currentMetrics?.[i]))
  const text = shown.join(', ')
  return metrics.length > MOST_METRICS ? `${text} + ${metrics.length - MOST_METRICS} more...` : text
}

const SOURCES: Record<string, string> = {
  External: 'external',
  Pods: 'pods',
  Object: 'object',
  Resource: 'resource',
  ContainerResource: 'containerResource',
}

function target(metric: Metric, status: Metric | undefined): string {
  const source = SOURCES[metric.type]
  if (!source) return '<unknown type>'
  const wanted: Amount = metric[source]?.target ?? {}
  const current: Amount = status?.[source]?.current ?? {}
  if (metric.type.endsWith('Resource')) return `${metric[source].name}: ${resourceTarget(wanted, current)}`
  if (metric.type === 'Pods') return `${current.averageValue ?? UNKNOWN}/${wanted.averageValue ?? '0'}`
  if (wanted.averageValue !== undefined)
    return `${current.averageValue ?? UNKNOWN}/${wanted.averageValue} (avg)`
  return `${current.value ?? UNKNOWN}/${wanted.value ?? '0'}`
}

const percent = (value: number | undefined, absent: string): string =>
  value === undefined ? absent : `${value}%`

const resourceTarget = (wanted: Amount, current: Amount): string =>
  wanted.averageValue !== undefined
    ? `${current.averageValue ?? UNKNOWN}/${wanted.averageValue}`
    : `${percent(current.averageUtilization, UNKNOWN)}/${percent(wanted.averageUtilization, '<auto>')}`

export const autoscalerColumns: readonly Column<any>[] = [
  NAME,
  column('Reference', ({ spec: { scaleTargetRef: ref } }) => `${ref.kind}/${ref.name}`),
  column('Targets', targets),
  column('MinPods', ({ spec }) => String(spec.minReplicas ?? '<unset>')),
  column('MaxPods', '.spec.maxReplicas'),
  column('Replicas', ({ status }) => status?.currentReplicas ?? 0),
  AGE,
]

/** Columns of the scale subresource. */
export const scaleColumns: readonly Column<any>[] = [
  { name: 'Name', type: 'string', value: '.metadata.name' },
  column('Desired', ({ spec }) => spec.replicas ?? 0, 'integer'),
  column('Available', ({ status }) => status.replicas ?? 0, 'integer'),
  AGE,
]
