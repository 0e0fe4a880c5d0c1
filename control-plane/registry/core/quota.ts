import { type FieldError, invalidValue, required as requiredError } from '../../../api/meta/status.ts'
import { collect, FINE, IMMUTABLE } from '../rules/check.ts'
import { isQuotaName, quotaResourceName, resourceList } from '../rules/resources.ts'

const SCOPES = [
  'Terminating',
  'NotTerminating',
  'BestEffort',
  'NotBestEffort',
  'PriorityClass',
  'CrossNamespacePodAffinity',
  'VolumeAttributesClass',
]
const POD_RESOURCES = ['cpu', 'memory', 'ephemeral-storage'].flatMap(name => [
  name,
  `requests.${name}`,
  `limits.${name}`,
])
const CLAIM_RESOURCES = ['persistentvolumeclaims', 'requests.storage']
const EXCLUSIVE = [
  ['BestEffort', 'NotBestEffort'],
  ['Terminating', 'NotTerminating'],
]

/** Whether a scope narrows down what counts against a resource's bound. */
function isScopeOf(scope: string, resource: string): boolean {
  if (scope === 'VolumeAttributesClass') return CLAIM_RESOURCES.includes(resource)
  if (scope === 'BestEffort') return resource === 'pods'
  return resource === 'pods' || POD_RESOURCES.includes(resource)
}

const amounts = resourceList(quotaResourceName)

/** All that is wrong with a ResourceQuota; its scopes are fixed. */
export function quotaFaults({ spec, status = {} }: any, old: any): readonly FieldError[] {
  const { hard = {}, scopes = [], scopeSelector } = spec
  const names = Object.keys(hard).sort()
  const before = new Set(old?.spec.scopes ?? [])
  const isChanged =
    old && (before.size !== new Set(scopes).size || scopes.some((scope: string) => !before.has(scope)))
  return collect(
    amounts(hard, 'spec.hard'),
    scopes.flatMap((scope: string) => scopeFaults(scope, names, 'spec.scopes', scopes)),
    conflicts(scopes, 'spec.scopes', scopes),
    scopeSelector && selectorFaults(scopeSelector, names, scopes),
    amounts(status.hard ?? {}, 'status.hard'),
    amounts(status.used ?? {}, 'status.used'),
    isChanged && [invalidValue('spec.scopes', scopes, IMMUTABLE)],
  )
}

function scopeFaults(scope: string, names: string[], path: string, shown: unknown): FieldError[] {
  const isWrong = (name: string): boolean => isQuotaName(name) && !isScopeOf(scope, name)
  return [
    ...(SCOPES.includes(scope) ? [] : [invalidValue(path, shown, 'unsupported scope')]),
    ...names.filter(isWrong).map(() => invalidValue(path, shown, 'unsupported scope applied to resource')),
  ]
}

function conflicts(scopes: string[], path: string, shown: unknown): readonly FieldError[] {
  return EXCLUSIVE.filter(pair => pair.every(scope => scopes.includes(scope))).map(() =>
    invalidValue(path, shown, 'conflicting scopes'),
  )
}

const EXISTS_ONLY =
  "must be 'Exists' when scope is any of ResourceQuotaScopeTerminating, ResourceQuotaScopeNotTerminating, ResourceQuotaScopeBestEffort, ResourceQuotaScopeNotBestEffort or ResourceQuotaScopeCrossNamespacePodAffinity"

function selectorFaults(selector: any, names: string[], scopes: string[]): readonly FieldError[] {
  const path = 'spec.scopeSelector.matchExpressions'
  const expressions: any[] = selector.matchExpressions ?? []
  return collect(
    ...expressions.map(({ scopeName = '', operator = '', values = [] }) => {
      const hasValues = scopeName === 'PriorityClass' || scopeName === 'VolumeAttributesClass'
      const isKnown = SCOPES.includes(scopeName)
      return collect(
        !isKnown && [invalidValue(`${path}.scopeName`, scopeName, 'unsupported scope')],
        isKnown && scopeFaults(scopeName, names, path, selector),
        isKnown &&
          !hasValues &&
          operator !== 'Exists' && [invalidValue(`${path}.operator`, operator, EXISTS_ONLY)],
        operatorFaults(operator, values, path),
      )
    }),
    conflicts(
      expressions.map(({ scopeName }) => scopeName),
      path,
      scopes,
    ),
  )
}

function operatorFaults(operator: string, values: string[], path: string): readonly FieldError[] {
  const at = `${path}.values`
  if (operator === 'In' || operator === 'NotIn') {
    const detail = "must be at least one value when `operator` is 'In' or 'NotIn' for scope selector"
    return values.length > 0 ? FINE : [requiredError(at, detail)]
  }
  if (operator === 'Exists' || operator === 'DoesNotExist') {
    const detail = "must be no value when `operator` is 'Exist' or 'DoesNotExist' for scope selector"
    return values.length === 0 ? FINE : [invalidValue(at, values, detail)]
  }
  return [invalidValue(`${path}.operator`, operator, 'not a valid selector operator')]
}
