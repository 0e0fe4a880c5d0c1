import type { ApiObject } from '../../meta/object.ts'
import { isMap } from '../../meta/patch/own.ts'
import { flattenSpec, flattenStatus, unfoldSpec, unfoldStatus } from './autoscaler-metrics.ts'

/** Annotations in which autoscaling/v1 carries what it has no fields for. */
const METRICS = 'autoscaling.alpha.kubernetes.io/metrics'
const CURRENT_METRICS = 'autoscaling.alpha.kubernetes.io/current-metrics'
const CONDITIONS = 'autoscaling.alpha.kubernetes.io/conditions'
const BEHAVIOR = 'autoscaling.alpha.kubernetes.io/behavior'
const CARRIERS = [
  METRICS,
  CURRENT_METRICS,
  CONDITIONS,
  BEHAVIOR,
  'autoscaling.alpha.kubernetes.io/scale-down-tolerance',
  'autoscaling.alpha.kubernetes.io/scale-up-tolerance',
]

type Annotations = ApiObject['metadata']['annotations'] | undefined

/** What an autoscaler without any metric goes by. Percent. */
export const DEFAULT_CPU_UTILIZATION = 80

const cpuMetric = (averageUtilization: number): any => ({
  type: 'Resource',
  resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization } },
})

const isCpu = (metric: any): boolean => metric.type === 'Resource' && metric.resource?.name === 'cpu'

const utilization = (metrics: any[] | undefined, part: 'target' | 'current'): number | undefined =>
  metrics?.find(isCpu)?.resource[part]?.averageUtilization

/** autoscaling/v2 → v1. */
export function fromV2(object: ApiObject): ApiObject {
  const { spec = {}, status = {} } = object
  const targetCPUUtilizationPercentage = utilization(spec.metrics, 'target')
  const currentCPUUtilizationPercentage = utilization(status.currentMetrics, 'current')
  const { metrics: _metrics, behavior: _behavior, ...plainSpec } = spec
  const { currentMetrics: _current, conditions: _conditions, ...plainStatus } = status
  const annotations = { ...object.metadata.annotations, ...carried(object) }
  return {
    ...object,
    apiVersion: 'autoscaling/v1',
    metadata: { ...object.metadata, ...(Object.keys(annotations).length > 0 && { annotations }) },
    spec: {
      ...plainSpec,
      ...(targetCPUUtilizationPercentage !== undefined && { targetCPUUtilizationPercentage }),
    },
    status: {
      currentReplicas: 0,
      desiredReplicas: 0,
      ...plainStatus,
      ...(currentCPUUtilizationPercentage !== undefined && { currentCPUUtilizationPercentage }),
    },
  }
}

function carried({ spec = {}, status = {} }: ApiObject): Record<string, string> {
  const others = (spec.metrics ?? []).filter(
    (metric: any) => !isCpu(metric) || metric.resource.target?.averageUtilization === undefined,
  )
  const { conditions = [] } = status
  const currentMetrics: any[] = status.currentMetrics ?? []
  return {
    ...(others.length > 0 && { [METRICS]: JSON.stringify(others.map(flattenSpec)) }),
    ...(currentMetrics.length > 0 && {
      [CURRENT_METRICS]: JSON.stringify(currentMetrics.map(flattenStatus)),
    }),
    ...(conditions.length > 0 && { [CONDITIONS]: JSON.stringify(conditions) }),
    ...(spec.behavior && { [BEHAVIOR]: JSON.stringify(capitalized(spec.behavior)) }),
  }
}

/** autoscaling/v1 → v2. Carriers that cannot be read are dropped, as upstream drops them. */
export function toV2(object: ApiObject): ApiObject {
  const { spec = {}, status = {}, metadata } = object
  const { targetCPUUtilizationPercentage: target, ...plainSpec } = spec
  const { currentCPUUtilizationPercentage: current, ...plainStatus } = status
  const carriedOf = (name: string): any => parse(metadata.annotations?.[name])
  const others: any[] = (listOf(carriedOf(METRICS)) ?? []).map(unfoldSpec)
  const metrics = target === undefined || target === null ? others : [...others, cpuMetric(target)]
  const carried = carriedOf(BEHAVIOR)
  const behavior = isMap(carried) ? carried : undefined
  const currentMetrics =
    listOf(carriedOf(CURRENT_METRICS))?.map(unfoldStatus) ??
    (current === undefined || current === null ? undefined : [cpuStatus(current)])
  const conditions = listOf(carriedOf(CONDITIONS))
  return {
    ...object,
    apiVersion: 'autoscaling/v2',
    metadata: plainMetadata(metadata),
    spec: {
      ...plainSpec,
      metrics: metrics.length > 0 ? metrics : [cpuMetric(DEFAULT_CPU_UTILIZATION)],
      ...(behavior && { behavior: uncapitalized(behavior) }),
    },
    status: {
      ...plainStatus,
      ...(currentMetrics && { currentMetrics }),
      ...(conditions && { conditions }),
    },
  }
}

const cpuStatus = (averageUtilization: number): any => ({
  type: 'Resource',
  resource: { name: 'cpu', current: { averageUtilization } },
})

/** Annotations as autoscaling/v2 has them: it needs no carriers. */
export function withoutCarriers(annotations: Annotations): Annotations {
  if (!annotations || !CARRIERS.some(name => name in annotations)) return annotations
  const kept = Object.entries(annotations).filter(([name]) => !CARRIERS.includes(name))
  return kept.length > 0 ? Object.fromEntries(kept) : undefined
}

function plainMetadata(metadata: ApiObject['metadata']): ApiObject['metadata'] {
  const { annotations, ...rest } = metadata
  const kept = withoutCarriers(annotations)
  if (kept === annotations) return metadata
  return kept ? { ...rest, annotations: kept } : rest
}

function parse(text: string | undefined): any {
  if (!text) return undefined
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** A carried list, each of whose members says its type; anything else is none. */
const listOf = (value: unknown): any[] | undefined =>
  Array.isArray(value) && value.every(item => isMap(item) && typeof item.type === 'string')
    ? value
    : undefined

const renamed = (value: any, rename: (name: string) => string): any => {
  if (Array.isArray(value)) return value.map(item => renamed(item, rename))
  if (typeof value !== 'object' || value === null) return value
  const members = Object.entries(value).filter(([, member]) => member !== null)
  return Object.fromEntries(members.map(([name, member]) => [rename(name), renamed(member, rename)]))
}

/** The behaviour is carried under the names of upstream's Go fields, which are read in either case. */
const capitalized = (value: any): any => renamed(value, name => name.charAt(0).toUpperCase() + name.slice(1))
const uncapitalized = (value: any): any =>
  renamed(value, name => name.charAt(0).toLowerCase() + name.slice(1))
