import type { PersistentVolumeClaim, Pod, Service } from '../../api/kinds/types.ts'
import type { ApiObject } from '../../api/meta/object.ts'
import { parseQuantity } from '../../api/meta/quantity.ts'
import { type Amounts, podAmounts } from './pod-resources.ts'

const ONE = parseQuantity('1')
const PLAIN = new Set(['cpu', 'memory', 'ephemeral-storage'])

/** Kinds that are counted under their own name as well as under `count/NAME`. */
const NAMED = new Set([
  'configmaps',
  'persistentvolumeclaims',
  'replicationcontrollers',
  'resourcequotas',
  'secrets',
  'services',
])

/** What one object takes of a quota. `type` is its resource name: `pods`, `deployments.apps`. Time in milliseconds. */
export function usageOf(type: string, object: ApiObject, time: number): Amounts {
  const counts: Amounts = { [`count/${type}`]: ONE, ...(NAMED.has(type) && { [type]: ONE }) }
  if (type === 'pods') return { ...counts, ...podUsage(object as Pod, time) }
  if (type === 'services') return { ...counts, ...serviceUsage(object as Service) }
  if (type === 'persistentvolumeclaims') return { ...counts, ...claimUsage(object as PersistentVolumeClaim) }
  return counts
}

/** A Pod that is over, or should have been gone by now, takes nothing any more. */
function isPast({ metadata, status }: Pod, time: number): boolean {
  if (status?.phase === 'Failed' || status?.phase === 'Succeeded') return true
  return metadata.deletionTimestamp !== undefined && Date.parse(metadata.deletionTimestamp) < time
}

function podUsage(pod: Pod, time: number): Amounts {
  if (isPast(pod, time)) return {}
  const usage: Amounts = { pods: ONE }
  for (const [name, amount] of Object.entries(podAmounts(pod, 'requests'))) {
    if (PLAIN.has(name) || name.startsWith('hugepages-')) usage[name] = amount
    usage[`requests.${name}`] = amount
  }
  for (const [name, amount] of Object.entries(podAmounts(pod, 'limits'))) {
    if (PLAIN.has(name)) usage[`limits.${name}`] = amount
  }
  return usage
}

function serviceUsage({ spec }: Service): Amounts {
  const ports = parseQuantity(String((spec.ports ?? []).length))
  if (spec.type === 'NodePort') return { 'services.nodeports': ports }
  if (spec.type !== 'LoadBalancer') return {}
  const hasNodePorts =
    (spec as { allocateLoadBalancerNodePorts?: boolean }).allocateLoadBalancerNodePorts ?? true
  return { 'services.loadbalancers': ONE, ...(hasNodePorts && { 'services.nodeports': ports }) }
}

function claimUsage({ spec }: PersistentVolumeClaim): Amounts {
  const storage = spec.resources?.requests?.storage
  const usage: Amounts = storage === undefined ? {} : { 'requests.storage': parseQuantity(String(storage)) }
  if (!spec.storageClassName) return usage
  const prefix = `${spec.storageClassName}.storageclass.storage.k8s.io/`
  return {
    ...usage,
    [`${prefix}persistentvolumeclaims`]: ONE,
    ...(usage['requests.storage'] && { [`${prefix}requests.storage`]: usage['requests.storage'] }),
  }
}
