import { type FieldSet, LEAF, makeNode } from '../../meta/managed-fields/field-set.ts'
import { isMap } from '../../meta/patch/own.ts'
import { indexItems } from './list-items.ts'
import { deduce, fieldOf, type KeyedType, type MapType, type MergeType, type SetType } from './merge-type.ts'

type Children = Record<string, FieldSet>

/** The paths that a configuration has: what its applier comes to own. */
export function extractSet(type: MergeType, value: unknown): FieldSet {
  return extractBelow(type, value) ?? LEAF
}

/** The node of a value; undefined where nothing of it can be owned. */
function extractBelow(type: MergeType, value: unknown): FieldSet | undefined {
  switch (type.kind) {
    case 'deduced':
      return extractBelow(deduce(value), value)
    case 'map':
      return isMap(value) ? extractMap(type, value) : undefined
    case 'set':
    case 'keyed':
      return Array.isArray(value) ? extractList(type, value) : undefined
    default:
      return LEAF
  }
}

function extractMap(type: MapType, value: Record<string, unknown>): FieldSet | undefined {
  const children: Children = {}
  for (const key of Object.keys(value)) {
    const member = value[key]
    const field = fieldOf(type, key)
    if (member === undefined || !field || field.isUntracked) continue
    const isOwn = !type.fields.has(key) || member === null || (isMap(member) && isEmptyMap(member))
    const node = extractBelow(field.type, member)
    const whole = isOwn ? asMember(node) : node
    if (whole) children[field.element] = whole
  }
  return makeNode(children, false)
}

function extractList(type: KeyedType | SetType, items: readonly unknown[]): FieldSet | undefined {
  const children: Children = {}
  for (const [element, same] of indexItems(type, items)) {
    const inside = type.kind === 'keyed' && same.length === 1 ? extractBelow(type.element, same[0]) : LEAF
    children[element] = asMember(inside)
  }
  return makeNode(children, false)
}

/** A node that is a member itself, whatever is below. */
const asMember = (node: FieldSet | undefined): FieldSet =>
  node === undefined || node === LEAF ? LEAF : makeNode(node as Children, true)!

const isEmptyMap = (value: object): boolean => {
  for (const _ in value) return false
  return true
}
