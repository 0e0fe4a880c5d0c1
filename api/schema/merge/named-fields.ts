import { type FieldSet, isEmpty, LEAF, SELF } from '../../meta/managed-fields/field-set.ts'
import { DEDUCED, fieldOf, type MergeType } from './merge-type.ts'

/**
 * The set with every declared field as a member that leads to one. Whoever owns something in a struct holds the struct:
 * it goes when all that is in it goes.
 */
export function withNamedFields(type: MergeType | undefined, set: FieldSet): FieldSet {
  const result: Record<string, FieldSet> = {}
  for (const element of Object.keys(set)) {
    const node = set[element]!
    if (element === SELF || isEmpty(node)) {
      result[element] = node
      continue
    }
    const inside = withNamedFields(typeBelow(type, element), node)
    const isNamed = type?.kind === 'map' && element.startsWith('f:') && type.fields.has(element.slice(2))
    result[element] = isNamed && Object.keys(inside).length > 0 ? { [SELF]: LEAF, ...inside } : inside
  }
  return result
}

function typeBelow(type: MergeType | undefined, element: string): MergeType | undefined {
  switch (type?.kind) {
    case 'map':
      return fieldOf(type, element.slice(2))?.type
    case 'keyed':
      return type.element
    case 'deduced':
      return DEDUCED
    default:
      return undefined
  }
}
