import type { Container, Node, Pod } from '../../api/kinds/types.ts'
import { parseQuantity, quantityMilli, quantityValue } from '../../api/meta/quantity.ts'
import type { Resources } from '../../plugins/scheduler.ts'

export const noResources = (): Resources => ({
  milliCpu: 0,
  memory: 0,
  ephemeralStorage: 0,
  pods: 0,
  extended: {},
})

/** A resource list (`{cpu: '500m'}`) as numbers. */
export function toResources(list: Record<string, unknown> | undefined): Resources {
  const resources = noResources()
  for (const [name, value] of Object.entries(list ?? {})) {
    const quantity = parseQuantity(String(value))
    if (name === 'cpu') resources.milliCpu = Number(quantityMilli(quantity))
    else if (name === 'memory') resources.memory = Number(quantityValue(quantity))
    else if (name === 'ephemeral-storage') resources.ephemeralStorage = Number(quantityValue(quantity))
    else if (name === 'pods') resources.pods = Number(quantityValue(quantity))
    else resources.extended[name] = Number(quantityValue(quantity))
  }
  return resources
}

const NAMES = ['milliCpu', 'memory', 'ephemeralStorage', 'pods'] as const

function combine(a: Resources, b: Resources, with_: (x: number, y: number) => number): Resources {
  const result = noResources()
  for (const name of NAMES) result[name] = with_(a[name], b[name])
  for (const name of new Set([...Object.keys(a.extended), ...Object.keys(b.extended)])) {
    result.extended[name] = with_(a.extended[name] ?? 0, b.extended[name] ?? 0)
  }
  return result
}

export const addResources = (a: Resources, b: Resources): Resources => combine(a, b, (x, y) => x + y)
export const subtractResources = (a: Resources, b: Resources): Resources => combine(a, b, (x, y) => x - y)
const largest = (a: Resources, b: Resources): Resources => combine(a, b, Math.max)

const cache = new WeakMap<Pod, Resources>()

/** What a Pod requests: all its containers together, or its hungriest init container if that is more, and its overhead. */
export function podRequests(pod: Pod): Resources {
  const known = cache.get(pod)
  if (known) return known
  const requests = computeRequests(pod)
  cache.set(pod, requests)
  return requests
}

function computeRequests({ spec }: Pod): Resources {
  const of = ({ resources }: Container): Resources => toResources(resources?.requests)
  const isSidecar = (container: Container): boolean =>
    (container as { restartPolicy?: string }).restartPolicy === 'Always'
  let total = spec.containers.map(of).reduce(addResources, noResources())
  let sidecars = noResources()
  let peak = noResources()
  for (const init of spec.initContainers ?? []) {
    if (isSidecar(init)) sidecars = addResources(sidecars, of(init))
    else peak = largest(peak, addResources(sidecars, of(init)))
  }
  total = largest(addResources(total, sidecars), peak)
  return { ...addResources(total, toResources(spec.overhead)), pods: 1 }
}

/** What a container that requests nothing counts for when nodes are compared (upstream's figures). */
const LITTLE_CPU = 100
const LITTLE_MEMORY = 200 * 1024 * 1024

export type Estimate = Pick<Resources, 'milliCpu' | 'memory'>

const estimates = new WeakMap<Pod, Estimate>()

/** CPU and memory of a Pod, with a little for each container that does not say. */
export function podEstimate(pod: Pod): Estimate {
  const known = estimates.get(pod)
  if (known) return known
  const estimate = { milliCpu: 0, memory: 0 }
  for (const { resources } of pod.spec.containers) {
    const requests = toResources(resources?.requests)
    estimate.milliCpu += requests.milliCpu || LITTLE_CPU
    estimate.memory += requests.memory || LITTLE_MEMORY
  }
  const whole = podRequests(pod)
  estimate.milliCpu = Math.max(estimate.milliCpu, whole.milliCpu)
  estimate.memory = Math.max(estimate.memory, whole.memory)
  estimates.set(pod, estimate)
  return estimate
}

export const nodeAllocatable = ({ status }: Node): Resources => toResources(status?.allocatable)
