import type { KindDeclaration } from '../../api/kinds/kind.ts'
import type { Namespace } from '../../api/kinds/types.ts'
import type { ApiObject } from '../../api/meta/object.ts'
import { now } from '../../api/meta/time.ts'

/** Objects of one kind that keep a namespace from going. */
export interface Remaining {
  kind: KindDeclaration
  objects: ApiObject[]
}

type Condition = NonNullable<NonNullable<Namespace['status']>['conditions']>[number]

/** Why a namespace that is being deleted is still there, in upstream's words. */
export function namespaceConditions(before: readonly Condition[], left: readonly Remaining[]): Condition[] {
  const time = now()
  return describe(left).map(([type, status, reason, message]) => {
    const old = before.find(condition => condition.type === type)
    const lastTransitionTime = (old?.status === status && old.lastTransitionTime) || time
    return { type, status, reason, message, lastTransitionTime }
  })
}

function describe(
  left: readonly Remaining[],
): [type: string, status: string, reason: string, message: string][] {
  const resources = left.map(
    ({ kind, objects }) => `${kind.plural}.${kind.group} has ${objects.length} resource instances`,
  )
  const finalizers = countFinalizers(left).map(([name, count]) => `${name} in ${count} resource instances`)
  return [
    [
      'NamespaceDeletionDiscoveryFailure',
      'False',
      'ResourcesDiscovered',
      'All resources successfully discovered',
    ],
    [
      'NamespaceDeletionGroupVersionParsingFailure',
      'False',
      'ParsedGroupVersions',
      'All legacy kube types successfully parsed',
    ],
    [
      'NamespaceDeletionContentFailure',
      'False',
      'ContentDeleted',
      'All content successfully deleted, may be waiting on finalization',
    ],
    resources.length > 0
      ? [
          'NamespaceContentRemaining',
          'True',
          'SomeResourcesRemain',
          `Some resources are remaining: ${resources.join(', ')}`,
        ]
      : ['NamespaceContentRemaining', 'False', 'ContentRemoved', 'All content successfully removed'],
    finalizers.length > 0
      ? [
          'NamespaceFinalizersRemaining',
          'True',
          'SomeFinalizersRemain',
          `Some content in the namespace has finalizers remaining: ${finalizers.join(', ')}`,
        ]
      : [
          'NamespaceFinalizersRemaining',
          'False',
          'ContentHasNoFinalizers',
          'All content-preserving finalizers finished',
        ],
  ]
}

function countFinalizers(left: readonly Remaining[]): [name: string, count: number][] {
  const counts = new Map<string, number>()
  for (const { objects } of left) {
    for (const name of objects.flatMap(({ metadata }) => metadata.finalizers ?? [])) {
      counts.set(name, (counts.get(name) ?? 0) + 1)
    }
  }
  return [...counts].sort(([a], [b]) => (a < b ? -1 : 1))
}
