import type { Pod } from '../../api/kinds/types.ts'
import type { ApiObject } from '../../api/meta/object.ts'

interface ScopeRequirement {
  scopeName: string
  operator: string
  values?: string[]
}

/** Whether a quota is about an object at all: one with scopes is about some Pods and nothing else. */
export function isInScope({ spec }: ApiObject, type: string, object: ApiObject): boolean {
  const requirements: ScopeRequirement[] = [
    ...(spec.scopes ?? []).map((scopeName: string) => ({ scopeName, operator: 'Exists' })),
    ...(spec.scopeSelector?.matchExpressions ?? []),
  ]
  if (requirements.length === 0) return true
  return type === 'pods' && requirements.every(requirement => meets(object as Pod, requirement))
}

function meets(pod: Pod, { scopeName, operator, values = [] }: ScopeRequirement): boolean {
  if (scopeName !== 'PriorityClass') return hasTrait(pod, scopeName)
  const name = pod.spec.priorityClassName ?? ''
  switch (operator) {
    case 'In':
      return values.includes(name)
    case 'NotIn':
      return !values.includes(name)
    case 'DoesNotExist':
      return name === ''
    default:
      return name !== ''
  }
}

function hasTrait(pod: Pod, scopeName: string): boolean {
  const ends = (pod.spec.activeDeadlineSeconds ?? -1) >= 0
  switch (scopeName) {
    case 'Terminating':
      return ends
    case 'NotTerminating':
      return !ends
    case 'BestEffort':
      return isBestEffort(pod)
    case 'NotBestEffort':
      return !isBestEffort(pod)
    case 'CrossNamespacePodAffinity':
      return looksElsewhere(pod)
    default:
      return false
  }
}

function isBestEffort({ spec }: Pod): boolean {
  const lists = [...spec.containers, ...(spec.initContainers ?? [])].flatMap(({ resources }) => [
    resources?.requests,
    resources?.limits,
  ])
  return lists.every(list => !list || (list.cpu === undefined && list.memory === undefined))
}

/** A term of affinity that names namespaces, or chooses them. */
function looksElsewhere({ spec }: Pod): boolean {
  const sides: any[] = [spec.affinity?.podAffinity, spec.affinity?.podAntiAffinity].filter(Boolean)
  const terms = sides.flatMap(side => [
    ...(side.requiredDuringSchedulingIgnoredDuringExecution ?? []),
    ...(side.preferredDuringSchedulingIgnoredDuringExecution ?? []).map((each: any) => each.podAffinityTerm),
  ])
  return terms.some(({ namespaces, namespaceSelector }) => namespaces?.length > 0 || namespaceSelector)
}
