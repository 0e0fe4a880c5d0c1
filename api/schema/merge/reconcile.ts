import { type FieldSet, isEmpty, LEAF, SELF } from '../../meta/managed-fields/field-set.ts'
import { fieldOf, type MergeType } from './merge-type.ts'

/**
 * A set that was written under an older schema, as the present one would have it: what became atomic is owned whole by who
 * owned a part of it. (What was atomic and is not any more stays owned as it is: nobody can tell that from an empty map.)
 */
export function reconcileSet(type: MergeType, set: FieldSet): FieldSet {
  let result: Record<string, FieldSet> | undefined
  for (const element in set) {
    const child = set[element]!
    const below = element === SELF || isEmpty(child) ? undefined : typeBelow(type, element)
    if (!below) continue
    const reconciled = below.kind === 'atomic' || below.kind === 'scalar' ? LEAF : reconcileSet(below, child)
    if (reconciled === child) continue
    result ??= { ...set }
    result[element] = reconciled
  }
  return result ?? set
}

function typeBelow(type: MergeType, element: string): MergeType | undefined {
  if (type.kind === 'map' && element.startsWith('f:')) return fieldOf(type, element.slice(2))?.type
  return type.kind === 'keyed' && element.startsWith('k:') ? type.element : undefined
}
