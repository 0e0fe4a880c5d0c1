import { type FieldSet, LEAF, SELF } from '../../meta/managed-fields/field-set.ts'
import { isMap, isSame } from '../../meta/patch/own.ts'
import { indexItems, itemElement } from './list-items.ts'
import {
  DEDUCED,
  deduce,
  type Field,
  fieldOf,
  type KeyedType,
  type MapType,
  type MergeType,
  type SetType,
} from './merge-type.ts'

type Json = Record<string, unknown>
type Building = Record<string, FieldSet>

/** What differs between two values: paths that were added or have another value, and paths that are gone. */
export interface Comparison {
  changed?: FieldSet
  removed?: FieldSet
}

/**
 * Compares two values; undefined when nothing differs. Made for the way of every write: where both are the same, nothing is
 * allocated.
 * @throws MergeError where items of a list cannot be told apart
 */
export function compareValues(type: MergeType, old: unknown, value: unknown): Comparison | undefined {
  if (old === value) return undefined
  if (old === undefined) return { changed: presentSet(type, value) }
  if (value === undefined) return { removed: presentSet(type, old) }
  switch (type.kind) {
    case 'map':
      return compareMaps(type, asMap(old), asMap(value), old, value)
    case 'set':
    case 'keyed':
      return compareLists(type, asList(old), asList(value), old, value)
    case 'deduced':
      return compareDeduced(old, value)
    default:
      return compareLeaves(old, value)
  }
}

const asMap = (value: unknown): Json => (isMap(value) ? value : NOTHING)
const asList = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : [])

const NOTHING: Json = Object.freeze({})

const compareLeaves = (old: unknown, value: unknown): Comparison | undefined =>
  isSame(old, value) ? undefined : { changed: LEAF }

function compareDeduced(old: unknown, value: unknown): Comparison | undefined {
  const [before, after] = [deduce(old), deduce(value)]
  if (before === after) return compareValues(after, old, value)
  // One is a map, the other is not: the place itself changed, and the map's keys came or went.
  const inside = compareMaps(deduce({}) as MapType, asMap(old), asMap(value), old, value)
  return {
    changed: { [SELF]: LEAF, ...inside?.changed },
    ...(inside?.removed && { removed: inside.removed }),
  }
}

function compareMaps(
  type: MapType,
  before: Json,
  after: Json,
  old: unknown,
  value: unknown,
): Comparison | undefined {
  const result = new Collector()
  let isEmpty = true
  for (const key in after) {
    isEmpty = false
    const field = fieldOf(type, key)
    if (field && !field.isUntracked) compareField(field, own(before, key), after[key], result)
  }
  for (const key in before) {
    isEmpty = false
    if (own(after, key) !== undefined) continue
    const field = fieldOf(type, key)
    if (field && !field.isUntracked) compareField(field, before[key], undefined, result)
  }
  // The difference between {} and null is kept.
  if (isEmpty) return compareLeaves(old, value)
  return result.comparison()
}

/** A key of a map may be `__proto__`. */
const own = (map: Json, key: string): unknown =>
  key === '__proto__' && !Object.hasOwn(map, key) ? undefined : map[key]

function compareField(field: Field, old: unknown, value: unknown, result: Collector): void {
  const { absent } = field
  const before = old === undefined ? absent : old
  const after = value === undefined ? absent : value
  if (before === after) return
  result.add(field.element, compareValues(field.type, before, after))
}

/** Differences by path element. */
class Collector {
  #changed: Building | undefined
  #removed: Building | undefined

  add(element: string, comparison: Comparison | undefined): void {
    if (!comparison) return
    if (comparison.changed) {
      this.#changed ??= {}
      this.#changed[element] = comparison.changed
    }
    if (comparison.removed) {
      this.#removed ??= {}
      this.#removed[element] = comparison.removed
    }
  }

  comparison(): Comparison | undefined {
    if (!this.#changed && !this.#removed) return undefined
    return {
      ...(this.#changed && { changed: this.#changed }),
      ...(this.#removed && { removed: this.#removed }),
    }
  }
}

function compareLists(
  type: KeyedType | SetType,
  before: readonly unknown[],
  after: readonly unknown[],
  old: unknown,
  value: unknown,
): Comparison | undefined {
  if (before.length === 0 && after.length === 0) return compareLeaves(old, value)
  const result = new Collector()
  const elements = alignedElements(type, before, after)
  if (elements) {
    const inner = type.kind === 'keyed' ? type.element : DEDUCED
    for (let i = 0; i < after.length; i++) {
      result.add(elements[i]!, compareValues(inner, before[i], after[i]))
    }
    return result.comparison()
  }
  const [left, right] = [indexItems(type, before), indexItems(type, after)]
  for (const [element, items] of left)
    result.add(element, compareItems(type, items, right.get(element) ?? []))
  for (const [element, items] of right) {
    if (!left.has(element)) result.add(element, compareItems(type, [], items))
  }
  return result.comparison()
}

/** The path elements of items where both lists have the same ones at the same places, each once: the usual case. */
function alignedElements(
  type: KeyedType | SetType,
  before: readonly unknown[],
  after: readonly unknown[],
): readonly string[] | undefined {
  if (before.length !== after.length) return undefined
  const elements: string[] = []
  const seen = after.length > FEW ? new Set<string>() : undefined
  for (let i = 0; i < after.length; i++) {
    const element = itemElement(type, after[i])
    if (seen ? seen.has(element) : elements.includes(element)) return undefined
    if (!isSameItem(type, before[i], after[i]) && element !== itemElement(type, before[i])) return undefined
    seen?.add(element)
    elements.push(element)
  }
  return elements
}

/** As many are looked through as fast as a set is made. */
const FEW = 8

/** Whether two items have one path element; false also where that takes a closer look. */
function isSameItem(type: KeyedType | SetType, a: unknown, b: unknown): boolean {
  if (type.kind === 'set') return a === b
  if (!isMap(a) || !isMap(b)) return false
  for (const { name } of type.keys) if (a[name] !== b[name] || typeof a[name] === 'object') return false
  return true
}

/** Items of one path element. Several that are not told apart are one value. */
function compareItems(
  type: KeyedType | SetType,
  before: readonly unknown[],
  after: readonly unknown[],
): Comparison | undefined {
  const element = type.kind === 'keyed' ? type.element : DEDUCED
  if (before.length <= 1 && after.length <= 1) return compareValues(element, before[0], after[0])
  if (before.length > 1 && after.length > 1) return isSame(before, after) ? undefined : { changed: LEAF }
  if (before.length > 1) {
    const single = after.length === 1 ? compareValues(element, undefined, after[0]) : undefined
    return { ...single, removed: LEAF }
  }
  const single = before.length === 1 ? compareValues(element, before[0], undefined) : undefined
  return { ...single, changed: LEAF }
}

/** The node of a value that was not there before, or is no longer there: all its paths, those of containers among them. */
function presentSet(type: MergeType, value: unknown): FieldSet {
  switch (type.kind) {
    case 'deduced':
      return presentSet(deduce(value), value)
    case 'map':
      return isMap(value) ? presentMap(type, value) : LEAF
    case 'set':
    case 'keyed':
      return Array.isArray(value) && value.length > 0 ? presentList(type, value) : LEAF
    default:
      return LEAF
  }
}

function presentMap(type: MapType, value: Json): FieldSet {
  const node: Building = { [SELF]: LEAF }
  let count = 0
  for (const key in value) {
    const field = value[key] === undefined ? undefined : fieldOf(type, key)
    if (!field || field.isUntracked) continue
    node[field.element] = presentSet(field.type, value[key])
    count++
  }
  return count === 0 ? LEAF : node
}

function presentList(type: KeyedType | SetType, items: readonly unknown[]): FieldSet {
  const node: Building = { [SELF]: LEAF }
  for (const item of items) {
    const element = itemElement(type, item)
    const isDouble = element in node
    node[element] = isDouble || type.kind === 'set' ? LEAF : presentSet(type.element, item)
  }
  return node
}
