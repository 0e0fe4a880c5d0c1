/**
 * Sets of field paths, in the form that `metadata.managedFields` has them (FieldsV1): a tree of path elements
 * (`f:name` a field, `k:{…}` an item of a list by its keys, `v:…` an item of a set by its value). A path is a member where
 * its node is empty, or has a node `.`; the others only lead to members. So what is stored is what is calculated with.
 *
 * Sets are never changed: every function gives back its argument where the result is the same, and shares parts of it
 * where not.
 */
export interface FieldSet {
  readonly [element: string]: FieldSet
}

type Building = Record<string, FieldSet>

/** The path itself, among the elements below it. */
export const SELF = '.'

/** A node that is a member and leads nowhere; as a whole set, the empty one. */
export const LEAF: FieldSet = Object.freeze({})

/** True for a leaf, and for the empty set. */
export function isEmpty(set: FieldSet): boolean {
  for (const _ in set) return false
  return true
}

const isMember = (node: FieldSet): boolean => SELF in node || isEmpty(node)

/** Puts a node together; undefined where it would stand for nothing. */
function nodeOf(children: Building | undefined, isMember: boolean): FieldSet | undefined {
  if (!children || isEmpty(children)) return isMember ? LEAF : undefined
  return isMember ? { [SELF]: LEAF, ...children } : children
}

/** Members of either. */
export function union(a: FieldSet, b: FieldSet): FieldSet {
  if (a === b || isEmpty(b)) return a
  return isEmpty(a) ? b : uniteChildren(a, b)
}

function uniteNodes(a: FieldSet, b: FieldSet): FieldSet {
  if (a === b) return a
  if (isEmpty(b)) return isMember(a) ? a : { [SELF]: LEAF, ...a }
  if (isEmpty(a)) return SELF in b ? b : { [SELF]: LEAF, ...b }
  return uniteChildren(a, b)
}

function uniteChildren(a: FieldSet, b: FieldSet): FieldSet {
  let result: Building | undefined
  for (const element in b) {
    const mine = a[element]
    const united = mine ? uniteNodes(mine, b[element]!) : b[element]!
    if (united === mine) continue
    result ??= SELF in b && !(SELF in a) ? { [SELF]: LEAF, ...a } : { ...a }
    result[element] = united
  }
  return result ?? a
}

/** Members of `a` that are no members of `b`. */
export function difference(a: FieldSet, b: FieldSet): FieldSet {
  if (isEmpty(a) || isEmpty(b)) return a
  return subtractChildren(a, b, subtractNode) ?? LEAF
}

/** Members of `a` that neither are members of `b` nor below one. */
export function recursiveDifference(a: FieldSet, b: FieldSet): FieldSet {
  if (isEmpty(a) || isEmpty(b)) return a
  return subtractChildren(a, b, (x, y) => (isMember(y) ? undefined : subtractBelow(x, y))) ?? LEAF
}

function subtractBelow(a: FieldSet, b: FieldSet): FieldSet | undefined {
  if (isEmpty(a)) return a
  const rest = subtractChildren(a, b, (x, y) => (isMember(y) ? undefined : subtractBelow(x, y)))
  return rest && isOnlySelf(rest) ? LEAF : rest
}

function subtractNode(a: FieldSet, b: FieldSet): FieldSet | undefined {
  if (isEmpty(b)) return isMember(a) ? withoutSelf(a) : a
  if (isEmpty(a)) return SELF in b ? undefined : a
  const rest = subtractChildren(a, b, subtractNode)
  // Children may all be gone: `.` alone is the same as a leaf.
  return rest && isOnlySelf(rest) ? LEAF : rest
}

function withoutSelf(node: FieldSet): FieldSet | undefined {
  const { [SELF]: _self, ...children } = node
  return isEmpty(children) ? undefined : children
}

function isOnlySelf(node: FieldSet): boolean {
  for (const element in node) if (element !== SELF) return false
  return SELF in node
}

type Subtract = (a: FieldSet, b: FieldSet) => FieldSet | undefined

function subtractChildren(a: FieldSet, b: FieldSet, subtract: Subtract): FieldSet | undefined {
  let result: Building | undefined
  for (const element in b) {
    const mine = a[element]
    if (!mine) continue
    const rest = element === SELF ? undefined : subtract(mine, b[element]!)
    if (rest === mine) continue
    result ??= { ...a }
    if (rest) result[element] = rest
    else delete result[element]
  }
  if (!result) return a
  return isEmpty(result) ? undefined : result
}

/** Members of both. */
export function intersection(a: FieldSet, b: FieldSet): FieldSet {
  if (a === b) return a
  return intersectChildren(a, b) ?? LEAF
}

function intersectChildren(a: FieldSet, b: FieldSet): Building | undefined {
  let result: Building | undefined
  for (const element in a) {
    const other = b[element]
    if (!other || element === SELF) continue
    const both = intersectNodes(a[element]!, other)
    if (!both) continue
    result ??= {}
    result[element] = both
  }
  return result
}

const intersectNodes = (a: FieldSet, b: FieldSet): FieldSet | undefined =>
  a === b ? a : nodeOf(intersectChildren(a, b), isMember(a) && isMember(b))

/** Whether both have the same members; the order of elements does not count. */
export function isSameSet(a: FieldSet, b: FieldSet): boolean {
  if (a === b) return true
  let count = 0
  for (const element in a) {
    const other = b[element]
    if (!other || !isSameSet(a[element]!, other)) return false
    count++
  }
  for (const _ in b) count--
  return count === 0
}

/** Whether the path to a node is a member. */
export const hasSelf = isMember

/** The part of a set below a path element, undefined where it has nothing there. */
export const below = (set: FieldSet, element: string): FieldSet | undefined => set[element]

/** A node from its children: what leads to no member is left out. */
export function makeNode(
  children: Record<string, FieldSet> | undefined,
  isMember: boolean,
): FieldSet | undefined {
  return nodeOf(children, isMember)
}

/** The set with one member, from the path's elements. */
export function singlePath(...elements: string[]): FieldSet {
  return elements.reduceRight<FieldSet>((below, element) => ({ [element]: below }), LEAF)
}
