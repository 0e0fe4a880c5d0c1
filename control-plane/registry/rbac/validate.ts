import { isDeepStrictEqual } from 'node:util'
import type { PolicyRule, Subject } from '../../../api/kinds/types.ts'
import {
  type FieldError,
  invalidValue,
  notSupported,
  required as requiredError,
} from '../../../api/meta/status.ts'
import { collect, FINE, required } from '../rules/check.ts'
import { labelSelector } from '../rules/labels.ts'
import { pathSegment, subdomain } from '../rules/values.ts'

const GROUP = 'rbac.authorization.k8s.io'

function ruleFaults(rule: PolicyRule, isNamespaced: boolean, path: string): readonly FieldError[] {
  const { verbs = [], apiGroups = [], resources = [], resourceNames = [], nonResourceURLs = [] } = rule
  const noVerbs = verbs.length === 0 && [
    requiredError(`${path}.verbs`, 'verbs must contain at least one value'),
  ]
  if (nonResourceURLs.length > 0) {
    const at = `${path}.nonResourceURLs`
    const both = 'rules cannot apply to both regular resources and non-resource URLs'
    const isMixed = apiGroups.length + resources.length + resourceNames.length > 0
    return collect(
      noVerbs,
      isNamespaced && [
        invalidValue(at, nonResourceURLs, 'namespaced rules cannot apply to non-resource URLs'),
      ],
      isMixed && [invalidValue(at, nonResourceURLs, both)],
    )
  }
  return collect(
    noVerbs,
    apiGroups.length === 0 && [
      requiredError(`${path}.apiGroups`, 'resource rules must supply at least one api group'),
    ],
    resources.length === 0 && [
      requiredError(`${path}.resources`, 'resource rules must supply at least one resource'),
    ],
  )
}

/** All that is wrong with a role's rules. */
export const roleFaults = (role: any, isNamespaced: boolean): readonly FieldError[] =>
  collect(
    ...(role.rules ?? []).map((rule: PolicyRule, i: number) => ruleFaults(rule, isNamespaced, `rules[${i}]`)),
    role.aggregationRule && aggregationFaults(role.aggregationRule),
  )

function aggregationFaults({ clusterRoleSelectors = [] }: any): readonly FieldError[] {
  const at = 'aggregationRule.clusterRoleSelectors'
  if (clusterRoleSelectors.length === 0) {
    return [requiredError(at, 'at least one clusterRoleSelector required if aggregationRule is non-nil')]
  }
  return collect(
    ...clusterRoleSelectors.map((selector: object, i: number) => labelSelector(selector, `${at}[${i}]`)),
  )
}

/** All that is wrong with a binding; the role it gives is fixed. */
export function bindingFaults(binding: any, old: any, isNamespaced: boolean): readonly FieldError[] {
  const { apiGroup = '', kind = '', name = '' } = binding.roleRef ?? {}
  const kinds = isNamespaced ? ['Role', 'ClusterRole'] : ['ClusterRole']
  const isChanged = old && !isDeepStrictEqual(old.roleRef, binding.roleRef)
  const shown = { APIGroup: apiGroup, Kind: kind, Name: name }
  return collect(
    apiGroup !== GROUP && [notSupported('roleRef.apiGroup', apiGroup, [GROUP])],
    !kinds.includes(kind) && [notSupported('roleRef.kind', kind, kinds)],
    required(pathSegment)(name, 'roleRef.name'),
    ...(binding.subjects ?? []).map((subject: Subject, i: number) =>
      subjectFaults(subject, isNamespaced, `subjects[${i}]`),
    ),
    isChanged && [invalidValue('roleRef', shown, 'cannot change roleRef')],
  )
}

function subjectFaults(subject: Subject, isNamespaced: boolean, path: string): readonly FieldError[] {
  const { kind, name = '', namespace, apiGroup = '' } = subject
  const noName = name === '' && [requiredError(`${path}.name`, '')]
  const at = `${path}.apiGroup`
  if (kind === 'ServiceAccount') {
    return collect(
      noName,
      name && subdomain(name, `${path}.name`),
      apiGroup && [notSupported(at, apiGroup, [''])],
      !isNamespaced && !namespace && [requiredError(`${path}.namespace`, '')],
    )
  }
  if (kind !== 'User' && kind !== 'Group') {
    return collect(noName, [notSupported(`${path}.kind`, kind ?? '', ['ServiceAccount', 'User', 'Group'])])
  }
  const empty = `${kind.toLowerCase()} name cannot be empty`
  return collect(
    noName,
    name === '' ? [invalidValue(`${path}.name`, name, empty)] : FINE,
    apiGroup !== GROUP && [notSupported(at, apiGroup, [GROUP])],
  )
}
