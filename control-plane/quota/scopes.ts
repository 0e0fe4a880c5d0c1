import type { PersistentVolumeClaim, Pod } from '../../api/kinds/types.ts'
import type { ApiObject } from '../../api/meta/object.ts'
import { qosClass } from '../registry/pod/qos.ts'

/** core/v1 ScopedResourceSelectorRequirement. */
export interface ScopeRequirement {
  scopeName: string
  operator: string
  values?: string[]
}

/** What a quota asks of the objects that it is about. */
export const scopesOf = ({ spec }: ApiObject): ScopeRequirement[] => [
  ...(spec.scopes ?? []).map((scopeName: string) => ({ scopeName, operator: 'Exists' })),
  ...(spec.scopeSelector?.matchExpressions ?? []),
]

/** Whether a quota is about an object at all: one with scopes is about some Pods or claims and nothing else. */
export const isInScope = (quota: ApiObject, type: string, object: ApiObject): boolean =>
  scopesOf(quota).every(requirement => meetsScope(requirement, type, object))

/** `type` is the resource's name. */
export function meetsScope(requirement: ScopeRequirement, type: string, object: ApiObject): boolean {
  if (type === 'pods') return podMeets(object as Pod, requirement)
  if (type !== 'persistentvolumeclaims' || requirement.scopeName !== 'VolumeAttributesClass') return false
  const names = attributesClasses(object as PersistentVolumeClaim)
  return names.length === 0 ? chooses(requirement, '') : names.some(name => chooses(requirement, name))
}

function podMeets(pod: Pod, requirement: ScopeRequirement): boolean {
  if (requirement.scopeName !== 'PriorityClass') return hasTrait(pod, requirement.scopeName)
  return chooses(requirement, pod.spec.priorityClassName ?? '')
}

/** Whether a class is chosen; '' for none. */
function chooses({ operator, values = [] }: ScopeRequirement, name: string): boolean {
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

/** The classes that a claim has, had, or is on its way to. */
export function attributesClasses({ spec, status }: PersistentVolumeClaim): string[] {
  const wanted = spec as { volumeAttributesClassName?: string }
  const known = (status ?? {}) as {
    currentVolumeAttributesClassName?: string
    modifyVolumeStatus?: { targetVolumeAttributesClassName?: string }
  }
  const names = [
    wanted.volumeAttributesClassName,
    known.currentVolumeAttributesClassName,
    known.modifyVolumeStatus?.targetVolumeAttributesClassName,
  ]
  return [...new Set(names.flatMap(name => name || []))].sort()
}

function hasTrait(pod: Pod, scopeName: string): boolean {
  const ends = (pod.spec.activeDeadlineSeconds ?? -1) >= 0
  switch (scopeName) {
    case 'Terminating':
      return ends
    case 'NotTerminating':
      return !ends
    case 'BestEffort':
      return qosClass(pod) === 'BestEffort'
    case 'NotBestEffort':
      return qosClass(pod) !== 'BestEffort'
    case 'CrossNamespacePodAffinity':
      return looksElsewhere(pod)
    default:
      return false
  }
}

/** A term of affinity that names namespaces, or chooses them. */
function looksElsewhere({ spec }: Pod): boolean {
  const sides = [spec.affinity?.podAffinity, spec.affinity?.podAntiAffinity]
  const terms = sides.flatMap(side => [
    ...(side?.requiredDuringSchedulingIgnoredDuringExecution ?? []),
    ...(side?.preferredDuringSchedulingIgnoredDuringExecution ?? []).map(each => each.podAffinityTerm),
  ])
  return terms.some(({ namespaces = [], namespaceSelector }) => namespaces.length > 0 || namespaceSelector)
}
