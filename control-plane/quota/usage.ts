import type { PersistentVolumeClaim, Pod, Service } from '../../api/kinds/types.ts'
import type { ApiObject } from '../../api/meta/object.ts'
import { compareQuantity, parseQuantity, type Quantity, quantityValue } from '../../api/meta/quantity.ts'
import { type Amounts, podAmounts } from './pod-resources.ts'

const NANO = 1_000_000_000n
const ONE = parseQuantity('1')
const PLAIN = new Set(['cpu', 'memory', 'ephemeral-storage'])

/** Kinds that are counted under their own name as well as under `count/NAME`. */
export const NAMED: ReadonlySet<string> = new Set([
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
  const { ports = [], type } = spec
  const count = (number: number) => ({ 'services.nodeports': parseQuantity(String(number)) })
  if (type === 'NodePort') return count(ports.length)
  if (type !== 'LoadBalancer') return {}
  const { allocateLoadBalancerNodePorts: isGiven = true } = spec as {
    allocateLoadBalancerNodePorts?: boolean
  }
  // Where none are given those that were asked for still count.
  const asked = ports.filter(({ nodePort }) => nodePort)
  return { 'services.loadbalancers': ONE, ...count(isGiven ? ports.length : asked.length) }
}

const OLD_CLASS = 'volume.beta.kubernetes.io/storage-class'

function claimUsage(claim: PersistentVolumeClaim): Amounts {
  const storage = storageOf(claim)
  const usage: Amounts = storage === undefined ? {} : { 'requests.storage': storage }
  const { metadata, spec } = claim
  const className = metadata.annotations?.[OLD_CLASS] ?? spec.storageClassName
  if (!className) return usage
  const prefix = `${className}.storageclass.storage.k8s.io/`
  return {
    ...usage,
    [`${prefix}persistentvolumeclaims`]: ONE,
    ...(usage['requests.storage'] && { [`${prefix}requests.storage`]: usage['requests.storage'] }),
  }
}

/** In whole bytes. While a claim grows, or could not, what is kept for it may be more than it asks for. */
function storageOf({ spec, status }: PersistentVolumeClaim): Quantity | undefined {
  const wanted = spec.resources?.requests?.storage
  if (wanted === undefined) return undefined
  const given = (status as { allocatedResources?: Record<string, string> } | undefined)?.allocatedResources
    ?.storage
  const most = given !== undefined && compareQuantity(given, wanted) > 0 ? given : wanted
  const exact = parseQuantity(String(most))
  return exact.nano % NANO === 0n ? exact : parseQuantity(String(quantityValue(exact)))
}
