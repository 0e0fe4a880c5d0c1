import type { Client } from '../../../api/client/client.ts'
import { parseQuantity, quantityMilli } from '../../../api/meta/quantity.ts'

/** One Pod's measurement, in thousandths (milli-CPU, thousandths of a byte). */
export interface PodSample {
  value: number
  /** When it was taken, and over how long. Milliseconds. */
  at: number
  window: number
}

/** Samples by the name of the Pod. */
export type PodSamples = Map<string, PodSample>

const milli = (quantity: unknown): number => Number(quantityMilli(parseQuantity(String(quantity))))
const query = (parameters: Record<string, string | undefined>): string => {
  const given = Object.entries(parameters).filter((entry): entry is [string, string] => Boolean(entry[1]))
  return given.length > 0 ? `?${new URLSearchParams(given)}` : ''
}

interface MetricsList {
  items?: any[]
}

/** What Pods use of a resource, all containers together or one of them (metrics.k8s.io). */
export async function resourceSamples(
  client: Client,
  namespace: string,
  selector: string,
  resource: string,
  container?: string,
): Promise<PodSamples> {
  const path = `/apis/metrics.k8s.io/v1beta1/namespaces/${namespace}/pods${query({ labelSelector: selector })}`
  const { items = [] } = await client.request<MetricsList>('GET', path)
  if (items.length === 0) throw new Error('no metrics returned from resource metrics API')
  const samples: PodSamples = new Map()
  for (const { metadata, timestamp, window, containers } of items) {
    const counted = containers.filter(({ name }: any) => container === undefined || name === container)
    if (counted.length === 0 || counted.some(({ usage }: any) => usage?.[resource] === undefined)) continue
    const value = counted.reduce((sum: number, { usage }: any) => sum + milli(usage[resource]), 0)
    samples.set(metadata.name, { value, at: Date.parse(timestamp), window: seconds(window) })
  }
  return samples
}

/** `30s`, `1m0s` in milliseconds. */
function seconds(window: string | undefined): number {
  const [, minutes = '0', rest = '0'] = /^(?:(\d+)m)?(?:([\d.]+)s)?$/.exec(window ?? '') ?? []
  return (Number(minutes) * 60 + Number(rest)) * 1000
}

/** A metric of the Pods' own (custom.metrics.k8s.io). */
export async function customPodSamples(
  client: Client,
  namespace: string,
  selector: string,
  metric: string,
  metricSelector?: string,
): Promise<PodSamples> {
  const parameters = query({ labelSelector: selector, metricLabelSelector: metricSelector })
  const path = `/apis/custom.metrics.k8s.io/v1beta2/namespaces/${namespace}/pods/*/${metric}${parameters}`
  const { items = [] } = await client.request<MetricsList>('GET', path)
  return new Map(
    items.map(({ describedObject, value, timestamp, windowSeconds = 60 }) => [
      describedObject.name as string,
      { value: milli(value), at: Date.parse(timestamp), window: windowSeconds * 1000 },
    ]),
  )
}

/** A metric of one object (custom.metrics.k8s.io). `resource` is its plural with its group. */
export async function objectValue(
  client: Client,
  namespace: string,
  resource: string,
  name: string,
  metric: string,
  metricSelector?: string,
): Promise<number> {
  const parameters = query({ metricLabelSelector: metricSelector })
  const path = `/apis/custom.metrics.k8s.io/v1beta2/namespaces/${namespace}/${resource}/${name}/${metric}${parameters}`
  const { items = [] } = await client.request<MetricsList>('GET', path)
  if (items.length === 0) throw new Error(`no value of ${metric} for ${resource} ${name}`)
  return milli(items[0].value)
}

/** A metric of something outside the cluster, all its series together (external.metrics.k8s.io). */
export async function externalValue(
  client: Client,
  namespace: string,
  metric: string,
  selector?: string,
): Promise<number> {
  const path = `/apis/external.metrics.k8s.io/v1beta1/namespaces/${namespace}/${metric}${query({ labelSelector: selector })}`
  const { items = [] } = await client.request<MetricsList>('GET', path)
  if (items.length === 0) throw new Error('no metrics returned from external metrics API')
  return items.reduce((sum, { value }) => sum + milli(value), 0)
}
