import { type FieldSet, hasSelf, isEmpty } from '../../meta/managed-fields/field-set.ts'
import { isMap, setOwn } from '../../meta/patch/own.ts'
import { itemElement } from './list-items.ts'
import {
  DEDUCED,
  deduce,
  fieldOf,
  type KeyedType,
  type MapType,
  type MergeType,
  type SetType,
} from './merge-type.ts'

/**
 * A value without the members of a set and all that is below them. Atomic parts stay unless they are members whole. A map or
 * list that nothing is left of goes with its parts. The value itself is left alone, and shared.
 */
export function removeItems(type: MergeType, value: unknown, set: FieldSet): unknown {
  if (isEmpty(set)) return value
  switch (type.kind) {
    case 'deduced':
      return removeItems(deduce(value), value, set)
    case 'map':
      return isMap(value) ? removeFromMap(type, value, set) : value
    case 'set':
    case 'keyed':
      return Array.isArray(value) ? removeFromList(type, value, set) : value
    default:
      return value
  }
}

function removeFromMap(
  type: MapType,
  value: Record<string, unknown>,
  set: FieldSet,
): Record<string, unknown> | undefined {
  const result: Record<string, unknown> = {}
  let hasChanged = false
  for (const key of Object.keys(value)) {
    const field = fieldOf(type, key)
    const node = field && set[field.element]
    if (node && hasSelf(node)) {
      hasChanged = true
      continue
    }
    const rest = node ? removeItems(field.type, value[key], node) : value[key]
    if (rest !== value[key]) hasChanged = true
    if (rest !== undefined) setOwn(result, key, rest)
  }
  if (!hasChanged) return value
  return Object.keys(result).length > 0 ? result : undefined
}

function removeFromList(
  type: KeyedType | SetType,
  items: readonly unknown[],
  set: FieldSet,
): unknown[] | undefined {
  const element = type.kind === 'keyed' ? type.element : DEDUCED
  const result = items.flatMap(item => {
    const node = set[itemElement(type, item)]
    if (!node) return [item]
    if (hasSelf(node)) return []
    const rest = removeItems(element, item, node)
    return rest === undefined ? [] : [rest]
  })
  return result.length > 0 || items.length === 0 ? result : undefined
}
