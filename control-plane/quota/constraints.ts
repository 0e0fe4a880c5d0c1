import type { Container, Pod } from '../../api/kinds/types.ts'
import { isSetAsWhole } from './pod-resources.ts'

/** Of these alone every container has to speak, where a quota bounds them. */
const COMPUTE = ['cpu', 'memory']

/** Which of a container's amounts a name in a quota speaks of. */
function readsFrom(name: string): { side: 'requests' | 'limits'; resource: string } | undefined {
  const [, prefix, rest] = /^(requests|limits)\.(.+)$/.exec(name) ?? []
  if (prefix && COMPUTE.includes(rest!)) return { side: prefix as 'requests' | 'limits', resource: rest! }
  return COMPUTE.includes(name) ? { side: 'requests', resource: name } : undefined
}

/**
 * Amounts that are bounded by a quota and that containers of a Pod do not tell: `limits.cpu for: a,b; requests.cpu for: a`.
 * Undefined when nothing is missing.
 */
export function missingAmounts(pod: Pod, bounded: readonly string[]): string | undefined {
  if (isSetAsWhole(pod)) return undefined
  const { spec } = pod
  const containers = [...spec.containers, ...(spec.initContainers ?? [])]
  const missing = [...bounded].sort().flatMap(name => {
    const from = readsFrom(name)
    if (!from) return []
    const isSilent = ({ resources }: Container): boolean =>
      (resources?.[from.side] as Record<string, unknown> | undefined)?.[from.resource] === undefined
    const names = containers
      .filter(isSilent)
      .map(container => container.name)
      .sort()
    return names.length > 0 ? [`${name} for: ${names.join(',')}`] : []
  })
  return missing.length > 0 ? missing.join('; ') : undefined
}
