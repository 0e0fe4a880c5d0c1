import type { Client } from '../../../api/client/client.ts'
import type { Pod } from '../../../api/kinds/types.ts'
import { formatQuantity, parseQuantity, quantityMilli } from '../../../api/meta/quantity.ts'
import { labelSelector } from '../../../api/meta/selectors.ts'
import { isReady } from '../pod-facts.ts'
import { customPodSamples, externalValue, objectValue, resourceSamples } from './metrics-api.ts'
import { type PodTarget, type Proposal, proposeByPods, proposeByShare, proposeByValue } from './replicas.ts'
import type { ScaleTargets } from './target.ts'

/** One metric of an autoscaler: what it asks for, what it is at now, and how it is called. */
export interface Measured {
  replicas: number
  /** As `status.currentMetrics` shows it. */
  status: object
  name: string
}

/** Why a metric could not be read; `reason` is that of the condition. */
export class MetricError extends Error {
  readonly reason: string

  constructor(reason: string, message: string, options?: ErrorOptions) {
    super(message, options)
    this.reason = reason
  }
}

export interface Measuring {
  client: Client
  targets: ScaleTargets
  namespace: string
  /** The Pods that are scaled. */
  pods: readonly Pod[]
  selector: string
  current: number
}

const milli = (quantity: unknown): number => Number(quantityMilli(parseQuantity(String(quantity))))
const quantity = (value: number): string => formatQuantity(parseQuantity(`${Math.round(value)}m`))
const textOf = (selector: unknown): string | undefined =>
  selector ? labelSelector(selector as never).toString() : undefined

const average = ({ average, utilization }: Proposal): object => ({
  averageValue: quantity(average),
  ...(utilization !== undefined && { averageUtilization: utilization }),
})

type Source = (measuring: Measuring, spec: any) => Promise<Measured>

function podTarget({ averageUtilization, averageValue }: any): PodTarget {
  return averageUtilization === undefined
    ? { average: milli(averageValue) }
    : { utilization: averageUtilization }
}

const resourceSource =
  (member: 'resource' | 'containerResource', type: string): Source =>
  async ({ client, namespace, pods, selector, current }, { name, container, target }) => {
    const samples = await resourceSamples(client, namespace, selector, name, container)
    const metric = { resource: name, ...(container && { container }), target: podTarget(target) }
    const proposal = proposeByPods(current, pods, samples, metric, Date.now())
    const of = container ? `${name} container resource` : `${name} resource`
    return {
      replicas: proposal.replicas,
      status: { type, [member]: { name, ...(container && { container }), current: average(proposal) } },
      name: `${of}${proposal.utilization === undefined ? '' : ' utilization (percentage of request)'}`,
    }
  }

const SOURCES: Record<string, { member: string; reason: string; read: Source }> = {
  Resource: {
    member: 'resource',
    reason: 'FailedGetResourceMetric',
    read: resourceSource('resource', 'Resource'),
  },
  ContainerResource: {
    member: 'containerResource',
    reason: 'FailedGetContainerResourceMetric',
    read: resourceSource('containerResource', 'ContainerResource'),
  },
  Pods: {
    member: 'pods',
    reason: 'FailedGetPodsMetric',
    async read({ client, namespace, pods, selector, current }, { metric, target }) {
      const samples = await customPodSamples(
        client,
        namespace,
        selector,
        metric.name,
        textOf(metric.selector),
      )
      const wanted = { resource: metric.name, target: { average: milli(target.averageValue) } }
      const proposal = proposeByPods(current, pods, samples, wanted, Date.now())
      const status = { type: 'Pods', pods: { metric, current: average(proposal) } }
      return { replicas: proposal.replicas, status, name: `pods metric ${metric.name}` }
    },
  },
  Object: {
    member: 'object',
    reason: 'FailedGetObjectMetric',
    async read({ client, targets, namespace, pods, current }, { describedObject, metric, target }) {
      const { apiVersion = 'v1', name } = describedObject
      const group = apiVersion.includes('/') ? `.${apiVersion.split('/')[0]}` : ''
      const resource = `${await targets.plural(describedObject)}${group}`
      const value = await objectValue(client, namespace, resource, name, metric.name, textOf(metric.selector))
      const { replicas } = byTarget(target, current, pods, value)
      const status = {
        type: 'Object',
        object: { describedObject, metric, current: { value: quantity(value) } },
      }
      return { replicas, status, name: `${describedObject.kind} metric ${metric.name}` }
    },
  },
  External: {
    member: 'external',
    reason: 'FailedGetExternalMetric',
    async read({ client, namespace, pods, current }, { metric, target }) {
      const value = await externalValue(client, namespace, metric.name, textOf(metric.selector))
      const { replicas, average: share } = byTarget(target, current, pods, value)
      const shown =
        target.averageValue === undefined ? { value: quantity(value) } : { averageValue: quantity(share) }
      const status = { type: 'External', external: { metric, current: shown } }
      return { replicas, status, name: `external metric ${metric.name}` }
    },
  },
}

function byTarget(target: any, current: number, pods: readonly Pod[], value: number): Proposal {
  return target.averageValue === undefined
    ? proposeByValue(current, pods.filter(isReady).length, value, milli(target.value))
    : proposeByShare(current, value, milli(target.averageValue))
}

/** Reads one metric. @throws MetricError */
export async function measure(measuring: Measuring, metric: any): Promise<Measured> {
  const source = SOURCES[metric.type]
  if (!source) throw new MetricError('InvalidMetricSourceType', `unknown metric source type "${metric.type}"`)
  try {
    return await source.read(measuring, metric[source.member])
  } catch (cause) {
    const message = `failed to get ${nameOf(metric)}: ${(cause as Error).message}`
    throw new MetricError(source.reason, message, { cause })
  }
}

function nameOf(metric: any): string {
  const { name, target } = metric.resource ?? metric.containerResource ?? {}
  if (!name) return `${metric.type.toLowerCase()} metric value`
  return target.averageUtilization === undefined ? `${name} usage` : `${name} utilization`
}
