import type { Container, Pod } from '../../../api/kinds/types.ts'
import { parseQuantity, quantityMilli, quantityValue } from '../../../api/meta/quantity.ts'
import { isSidecar } from './containers-of.ts'

type Kind = 'requests' | 'limits'
type ResourceList = Record<string, unknown>

/** Thousandths for cpu, units (bytes) for everything else. */
export function amount(name: string, value: unknown): number {
  if (value === undefined) return 0
  const quantity = parseQuantity(String(value))
  return Number(name === 'cpu' ? quantityMilli(quantity) : quantityValue(quantity))
}

/** Resources of the Pod as a whole (KEP-2837), where its spec gives them. */
const podLevel = ({ spec }: Pod, kind: Kind): ResourceList =>
  (spec as { resources?: Partial<Record<Kind, ResourceList>> }).resources?.[kind] ?? {}

const ofContainer = ({ resources }: Container, kind: Kind, name: string): number => {
  const own = resources?.[kind]?.[name]
  return amount(name, own ?? (kind === 'requests' ? resources?.limits?.[name] : undefined))
}

/**
 * What a Pod needs at most at one time: its main containers and sidecars together, or an init container with the
 * sidecars before it, and the overhead of its runtime.
 */
export function podResource(pod: Pod, kind: Kind, name: string): number {
  const given = podLevel(pod, kind)[name]
  const overhead = amount(name, pod.spec.overhead?.[name])
  if (given !== undefined) return amount(name, given) + overhead
  let sidecars = 0
  let largestInit = 0
  for (const init of pod.spec.initContainers ?? []) {
    const own = ofContainer(init, kind, name)
    if (isSidecar(init)) sidecars += own
    largestInit = Math.max(largestInit, isSidecar(init) ? sidecars : sidecars + own)
  }
  const main = pod.spec.containers.reduce((sum, container) => sum + ofContainer(container, kind, name), 0)
  return Math.max(main + sidecars, largestInit) + overhead
}

/** True when the Pod's limit of a resource is the sum of its containers' (each has one). */
export function isLimited(pod: Pod, name: string): boolean {
  if (podLevel(pod, 'limits')[name] !== undefined) return true
  const all = [...pod.spec.containers, ...(pod.spec.initContainers ?? [])]
  return all.every(({ resources }) => resources?.limits?.[name] !== undefined)
}

/** Names of resources a Pod asks for. */
export function requestedNames({ spec }: Pod): string[] {
  const all = [...spec.containers, ...(spec.initContainers ?? [])]
  const names = all.flatMap(({ resources }) => Object.keys({ ...resources?.requests, ...resources?.limits }))
  return [...new Set(names)]
}
