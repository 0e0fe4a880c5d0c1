import { compareQuantity } from '../../../api/meta/quantity.ts'
import { type FieldError, invalidValue, notSupported, required } from '../../../api/meta/status.ts'
import { FINE, type Rule } from '../rules/check.ts'
import { qualifiedName } from '../rules/values.ts'

/** What of a Pod an environment variable can hold. */
export const ENVIRONMENT_FIELDS = [
  'metadata.name',
  'metadata.namespace',
  'metadata.uid',
  'spec.nodeName',
  'spec.serviceAccountName',
  'status.hostIP',
  'status.hostIPs',
  'status.podIP',
  'status.podIPs',
]

/** What of a Pod a file can hold. */
export const VOLUME_FIELDS = [
  'metadata.annotations',
  'metadata.labels',
  'metadata.name',
  'metadata.namespace',
  'metadata.uid',
]

/** All that can be asked of a Pod at all. */
const CONVERTIBLE = new Set([
  ...ENVIRONMENT_FIELDS,
  ...VOLUME_FIELDS,
  'spec.restartPolicy',
  'spec.schedulerName',
  'status.phase',
])

const SUBSCRIPT = /^(.*)\['(.*)'\]$/

/** A core/v1 ObjectFieldSelector that may name some fields. */
export const fieldSelector =
  (allowed: readonly string[]): Rule =>
  ({ apiVersion = 'v1', fieldPath }, path) => {
    if (!apiVersion) return [required(`${path}.apiVersion`, '')]
    const at = `${path}.fieldPath`
    if (!fieldPath) return [required(at, '')]
    const [, base, key] = SUBSCRIPT.exec(fieldPath) ?? []
    if (base !== undefined && key !== undefined) return subscriptFaults(base, key, path)
    if (apiVersion !== 'v1' || !CONVERTIBLE.has(fieldPath)) {
      const why =
        apiVersion === 'v1'
          ? `field label not supported: ${fieldPath}`
          : `unsupported pod version: ${apiVersion}`
      return [invalidValue(at, fieldPath, `error converting fieldPath: ${why}`)]
    }
    return allowed.includes(fieldPath) ? FINE : [notSupported(at, fieldPath, allowed)]
  }

function subscriptFaults(base: string, key: string, path: string): readonly FieldError[] {
  if (base === 'metadata.annotations') return qualifiedName(key.toLowerCase(), path)
  if (base === 'metadata.labels') return qualifiedName(key, path)
  return [invalidValue(path, base, 'does not support subscript')]
}

const RESOURCES = [
  'limits.cpu',
  'limits.ephemeral-storage',
  'limits.memory',
  'requests.cpu',
  'requests.ephemeral-storage',
  'requests.memory',
]
const HUGE_PAGES = /^(requests|limits)\.hugepages-/
const SIZES = ['1', '1k', '1M', '1G', '1T', '1P', '1E', '1Ki', '1Mi', '1Gi', '1Ti', '1Pi', '1Ei']

/** A core/v1 ResourceFieldSelector; in a volume it also names the container. */
export const resourceFieldSelector =
  (inVolume: boolean): Rule =>
  ({ containerName, resource, divisor = '0' }, path) => [
    ...selectorFaults(inVolume && !containerName, resource, path),
    ...divisorFaults(resource ?? '', divisor, `${path}.divisor`),
  ]

function selectorFaults(isNameless: boolean, resource: string, path: string): readonly FieldError[] {
  if (isNameless) return [required(`${path}.containerName`, '')]
  if (!resource) return [required(`${path}.resource`, '')]
  const isKnown = RESOURCES.includes(resource) || HUGE_PAGES.test(resource)
  return isKnown ? FINE : [notSupported(`${path}.resource`, resource, RESOURCES)]
}

function divisorFaults(resource: string, divisor: string, path: string): readonly FieldError[] {
  if (compareQuantity(divisor, '0') === 0) return FINE
  const sizes = SIZES.join(', ')
  const refuse = (allowed: string, what: string): readonly FieldError[] => [
    invalidValue(path, resource, `only divisor's values ${allowed} are supported with the ${what} resource`),
  ]
  if (resource.endsWith('.cpu')) return ['1m', '1'].includes(divisor) ? FINE : refuse('1m and 1', 'cpu')
  if (SIZES.includes(divisor)) return FINE
  if (resource.endsWith('.memory')) return refuse(sizes, 'memory')
  if (resource.endsWith('.ephemeral-storage')) return refuse(sizes, 'local ephemeral storage')
  return HUGE_PAGES.test(resource) ? refuse(sizes, 'hugepages') : FINE
}
