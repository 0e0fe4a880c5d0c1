import type { PodSpec } from '../../../api/kinds/types.ts'
import { compareQuantity, formatQuantity } from '../../../api/meta/quantity.ts'
import { type FieldError, forbiddenField, invalidValue } from '../../../api/meta/status.ts'
import { containerAmounts } from '../../quota/pod-resources.ts'
import { collect, FINE, oneOf, type Rule } from '../rules/check.ts'
import { isHugePages, requirements, resourceName } from '../rules/resources.ts'

type Amounts = Record<string, string>

interface Requirements {
  claims?: []
  limits?: Amounts
  requests?: Amounts
}

const ownOf = (spec: PodSpec): Requirements | undefined => (spec as { resources?: Requirements }).resources

const NAMES = ['cpu', 'memory']
const isPodResource = (name: string): boolean => NAMES.includes(name) || isHugePages(name)

const podResourceName: Rule<string> = (name, path) => {
  const faults = resourceName(name, path)
  if (faults.length > 0 || isHugePages(name)) return faults
  return oneOf(...NAMES)(name, path)
}

/** What a Pod asks for as a whole, where only part of it was said: what its containers ask for, or what it may use at most. */
export function defaultPodResources(spec: PodSpec): void {
  const own = ownOf(spec)
  if (!own || Object.keys({ ...own.limits, ...own.requests }).length === 0) return
  const limits: Amounts = { ...own.limits }
  for (const [name, amount] of Object.entries(containerAmounts(spec, 'limits'))) {
    if (isHugePages(name) && own.requests?.[name] === undefined) limits[name] ??= formatQuantity(amount)
  }
  if (Object.keys(limits).length === 0) return
  own.limits = limits
  const requests: Amounts = { ...own.requests }
  for (const [name, amount] of Object.entries(containerAmounts(spec, 'requests'))) {
    if (NAMES.includes(name)) requests[name] ??= formatQuantity(amount)
  }
  for (const [name, amount] of Object.entries(limits)) {
    if (isPodResource(name)) requests[name] ??= amount
  }
  if (Object.keys(requests).length > 0) own.requests = requests
}

/** Resources of the Pod as a whole bound those of its containers. */
export function podResourceFaults(
  spec: PodSpec,
  path: string,
  claims: ReadonlySet<string>,
): readonly FieldError[] {
  const own = ownOf(spec)
  if (!own) return FINE
  if (spec.os?.name === 'windows') return [forbiddenField(path, 'may not be set for a windows pod')]
  return collect(
    own.claims && [forbiddenField(`${path}.claims`, 'claims may not be set for Resources at pod-level')],
    requirements(own, path, podResourceName, claims),
    aggregateFaults(spec, 'requests', own.requests, path),
    aggregateFaults(spec, 'limits', own.limits, path).filter(({ field }) => field.includes('[hugepages-')),
    ...(spec.containers ?? []).flatMap(({ resources }, i) =>
      Object.entries((resources?.limits ?? {}) as unknown as Amounts).map(([name, amount]) => {
        const bound = own.limits?.[name]
        if (bound === undefined || compareQuantity(amount, bound) <= 0) return FINE
        const at = `${path}.containers[${i}][${name}].limits`
        return [invalidValue(at, amount, `must be less than or equal to pod limits of ${bound}`)]
      }),
    ),
  )
}

/** Where an amount was said for the whole Pod, it is no less than what its containers come to. */
function aggregateFaults(
  spec: PodSpec,
  side: 'limits' | 'requests',
  said: Amounts = {},
  path: string,
): readonly FieldError[] {
  return collect(
    ...Object.entries(containerAmounts(spec, side)).map(([name, sum]) => {
      const own = said[name]
      if (own === undefined || compareQuantity(sum, own) <= 0) return FINE
      const detail = `must be greater than or equal to aggregate container ${side} of ${formatQuantity(sum)}`
      return [invalidValue(`${path}.${side}[${name}]`, own, detail)]
    }),
  )
}
