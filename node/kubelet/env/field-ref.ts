import type { Container, Pod } from '../../../api/kinds/types.ts'
import { parseQuantity, quantityMilli, quantityValue } from '../../../api/meta/quantity.ts'

/** Facts of a Pod that are known only on its node. */
export interface PodFacts {
  podIPs: string[]
  hostIP: string
  nodeAllocatable: { cpu: string; memory: string; 'ephemeral-storage'?: string }
}

/** The value of a downward API field (`metadata.name`, `metadata.labels['x']`, `status.podIP` …). */
export function fieldValue(pod: Pod, path: string, { podIPs, hostIP }: PodFacts): string {
  const subscript = /^metadata\.(labels|annotations)\['(.*)'\]$/.exec(path)
  if (subscript) return pod.metadata[subscript[1] as 'labels' | 'annotations']?.[subscript[2]!] ?? ''
  switch (path) {
    case 'metadata.name':
      return pod.metadata.name
    case 'metadata.namespace':
      return pod.metadata.namespace ?? ''
    case 'metadata.uid':
      return pod.metadata.uid ?? ''
    case 'metadata.labels':
    case 'metadata.annotations':
      return formatMap(pod.metadata[path === 'metadata.labels' ? 'labels' : 'annotations'])
    case 'spec.nodeName':
      return pod.spec.nodeName ?? ''
    case 'spec.serviceAccountName':
      return pod.spec.serviceAccountName ?? ''
    case 'status.hostIP':
    case 'status.hostIPs':
      return hostIP
    case 'status.podIP':
      return podIPs[0] ?? ''
    case 'status.podIPs':
      return podIPs.join(',')
    default:
      throw new Error(`unsupported fieldPath: ${path}`)
  }
}

/** Files of the downward API show maps as sorted `key="value"` lines. */
function formatMap(map: Record<string, string> = {}): string {
  return Object.keys(map)
    .sort()
    .map(key => `${key}=${JSON.stringify(map[key])}`)
    .join('\n')
}

/** The container or init container a resourceFieldRef names. */
export function namedContainer({ spec }: Pod, name: string): Container {
  const all = [...spec.containers, ...(spec.initContainers ?? [])]
  const found = all.find(container => container.name === name)
  if (!found) throw new Error(`container ${name} not found`)
  return found
}

/** The value of a resourceFieldRef, divided and rounded up; what has no limit gets the node's allocatable. */
export function resourceValue(
  container: Container,
  resource: string,
  divisor: string | undefined,
  facts: PodFacts,
): string {
  const [kind, ...rest] = resource.split('.') as ['requests' | 'limits', ...string[]]
  const name = rest.join('.')
  const given = container.resources?.[kind]?.[name]
  const fallback = kind === 'limits' ? facts.nodeAllocatable[name as 'cpu' | 'memory'] : undefined
  const quantity = parseQuantity(String(given ?? fallback ?? '0'))
  const by = parseQuantity(divisor && divisor !== '0' ? divisor : '1')
  if (name === 'cpu') return String(divideUp(quantityMilli(quantity), quantityMilli(by)))
  return String(divideUp(quantityValue(quantity), quantityValue(by)))
}

const divideUp = (value: bigint, by: bigint): bigint => (value + by - 1n) / by
