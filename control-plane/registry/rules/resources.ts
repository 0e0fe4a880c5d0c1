import { compareQuantity, parseQuantity, quantityMilli, quantityValue } from '../../../api/meta/quantity.ts'
import {
  type FieldError,
  forbiddenField,
  invalidValue,
  notFoundValue,
  required,
} from '../../../api/meta/status.ts'
import { isQualifiedName } from '../../../api/meta/validation.ts'
import { collect, FINE, type Rule } from './check.ts'

/** Amounts by the name of the resource. */
export type Amounts = Record<string, string>

const COMPUTE = ['cpu', 'memory', 'ephemeral-storage']
const OBJECTS = [
  'pods',
  'services',
  'replicationcontrollers',
  'resourcequotas',
  'secrets',
  'configmaps',
  'persistentvolumeclaims',
  'services.nodeports',
  'services.loadbalancers',
]
const BOUNDS = COMPUTE.flatMap(name => [`requests.${name}`, `limits.${name}`])
const QUOTA = new Set([...COMPUTE, ...BOUNDS, 'requests.storage', ...OBJECTS])
const STANDARD = new Set([...QUOTA, 'storage'])
const HUGE_PAGES = 'hugepages-'
const REQUESTED_HUGE_PAGES = 'requests.hugepages-'

export const isHugePages = (name: string): boolean => name.startsWith(HUGE_PAGES)

/** Without a prefix, or with one of Kubernetes itself. */
export const isNative = (name: string): boolean => !name.includes('/') || name.includes('kubernetes.io/')

/** A resource of a device plugin and the like: of somebody's own domain. */
export function isExtended(name: string): boolean {
  if (isNative(name) || name.startsWith('requests.')) return false
  return isQualifiedName(`requests.${name}`).length === 0
}

/** Whether less may be requested than limited. */
const isOvercommitAllowed = (name: string): boolean => isNative(name) && !isHugePages(name)

/** Whether the amount of a resource is a whole number. */
const isWhole = (name: string): boolean => OBJECTS.includes(name) || isExtended(name)

/** Whether a name without a slash may stand in a ResourceQuota. */
export const isQuotaName = (name: string): boolean =>
  QUOTA.has(name) || isHugePages(name) || name.startsWith(REQUESTED_HUGE_PAGES) || name.startsWith('count/')

const isStandard = (name: string): boolean =>
  STANDARD.has(name) || isHugePages(name) || name.startsWith(REQUESTED_HUGE_PAGES)

/** The name of a resource of any sort. */
export const resourceName: Rule<string> = (name, path) => {
  const faults = isQualifiedName(name).map(fault => invalidValue(path, name, fault))
  if (faults.length > 0) return faults
  if (name.includes('/') || isStandard(name)) return FINE
  return [invalidValue(path, name, 'must be a standard resource type or fully qualified')]
}

/** The name of a resource a container can have. */
export const containerResourceName: Rule<string> = (name, path) => {
  const faults = resourceName(name, path)
  if (!name.includes('/')) {
    if (COMPUTE.includes(name) || isHugePages(name)) return faults
    return [...faults, invalidValue(path, name, 'must be a standard resource for containers')]
  }
  if (isNative(name) || isExtended(name)) return faults
  return [...faults, invalidValue(path, name, "doesn't follow extended resource name standard")]
}

/** The name of a resource that a quota bounds. */
export const quotaResourceName: Rule<string> = (name, path) => {
  const faults = resourceName(name, path)
  if (name.includes('/') || isQuotaName(name)) return faults
  return [...faults, invalidValue(path, name, 'must be a standard resource for quota')]
}

/** An amount of a resource: not negative, and whole where parts make no sense. */
export function resourceAmount(name: string, amount: string, path: string): readonly FieldError[] {
  const quantity = parseQuantity(amount)
  const faults: FieldError[] = []
  if (quantity.nano < 0n) faults.push(invalidValue(path, amount, 'must be greater than or equal to 0'))
  if (isWhole(name) && quantityMilli(quantity) % 1000n !== 0n) {
    faults.push(invalidValue(path, amount, 'must be an integer'))
  }
  return faults
}

/** Names and amounts of a list of resources. */
export const resourceList =
  (name: Rule<string>): Rule<Amounts> =>
  (list, path) =>
    collect(
      ...Object.entries(list).map(([key, amount]) => {
        const at = `${path}[${key}]`
        return collect(name(key, at), resourceAmount(key, amount, at))
      }),
    )

export const nonNegativeAmount: Rule<string> = (amount, path) =>
  compareQuantity(amount, '0') >= 0
    ? FINE
    : [invalidValue(path, amount, 'must be greater than or equal to 0')]

export const positiveAmount: Rule<string> = (amount, path) =>
  compareQuantity(amount, '0') > 0 ? FINE : [invalidValue(path, amount, 'must be greater than zero')]

interface Requirements {
  limits?: Amounts
  requests?: Amounts
  claims?: { name: string; request?: string }[]
}

/** A core/v1 ResourceRequirements; `claims` are the names of the Pod's claims on devices. */
export function requirements(
  { limits = {}, requests = {}, claims = [] }: Requirements,
  path: string,
  nameRule: Rule<string>,
  podClaims: ReadonlySet<string>,
): readonly FieldError[] {
  const names = [...Object.keys(limits), ...Object.keys(requests)]
  const needsCompute = names.some(isHugePages) && !names.includes('cpu') && !names.includes('memory')
  return collect(
    resourceList(nameRule)(limits, `${path}.limits`),
    hugePageFaults(limits, `${path}.limits`),
    ...Object.entries(requests).map(([name, amount]) =>
      requestFaults(name, amount, limits[name], path, nameRule),
    ),
    needsCompute && [forbiddenField(path, 'HugePages require cpu or memory')],
    claims.length > 0 && claimFaults(claims, `${path}.claims`, podClaims),
  )
}

function requestFaults(
  name: string,
  amount: string,
  limit: string | undefined,
  path: string,
  nameRule: Rule<string>,
): readonly FieldError[] {
  const at = `${path}.requests[${name}]`
  return collect(
    nameRule(name, at),
    resourceAmount(name, amount, at),
    limitFaults(name, amount, limit, path),
    hugePageFaults({ [name]: amount }, `${path}.requests`),
  )
}

function limitFaults(
  name: string,
  amount: string,
  limit: string | undefined,
  path: string,
): readonly FieldError[] {
  const mayDiffer = isOvercommitAllowed(name)
  if (limit === undefined) {
    return mayDiffer
      ? FINE
      : [required(`${path}.limits`, 'Limit must be set for non overcommitable resources')]
  }
  const order = compareQuantity(amount, limit)
  const at = `${path}.requests`
  if (order !== 0 && !mayDiffer) {
    return [invalidValue(at, amount, `must be equal to ${name} limit of ${limit}`)]
  }
  if (order > 0) return [invalidValue(at, amount, `must be less than or equal to ${name} limit of ${limit}`)]
  return FINE
}

/** Huge pages come in whole pages. */
function hugePageFaults(list: Amounts, path: string): readonly FieldError[] {
  return collect(
    ...Object.entries(list).map(([name, amount]) => {
      if (!isHugePages(name)) return FINE
      const page = pageSize(name)
      if (page && quantityValue(parseQuantity(amount)) % page === 0n) return FINE
      const detail = `${amount} is not positive integer multiple of ${name}`
      return [invalidValue(`${path}[${name}]`, amount, detail)]
    }),
  )
}

function pageSize(name: string): bigint | undefined {
  try {
    return quantityValue(parseQuantity(name.slice(HUGE_PAGES.length)))
  } catch {
    return undefined
  }
}

function claimFaults(
  claims: { name: string; request?: string }[],
  path: string,
  podClaims: ReadonlySet<string>,
): readonly FieldError[] {
  const seen = new Set<string>()
  return claims.flatMap(({ name, request }, i) => {
    const at = `${path}[${i}]`
    if (!name) return [required(at, '')]
    const faults: FieldError[] = []
    const key = request ? `${name}/${request}` : name
    const overlaps =
      seen.has(name) || seen.has(key) || (!request && [...seen].some(other => other.startsWith(`${name}/`)))
    if (overlaps) faults.push({ type: 'FieldValueDuplicate', field: at, badValue: key, detail: '' })
    seen.add(key)
    if (!podClaims.has(name)) {
      const known = podClaims.size > 0 ? `: ${[...podClaims].sort().join(', ')}` : ' which is empty'
      faults.push(notFoundValue(at, name, `must be one of the names in pod.spec.resourceClaims${known}`))
    }
    return faults
  })
}
