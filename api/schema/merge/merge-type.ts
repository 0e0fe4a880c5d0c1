/**
 * How values of one place in an object are merged, and what of them can be owned apart:
 * - `scalar`: one value;
 * - `atomic`: a list, a map or anything, replaced whole;
 * - `map`: fields, and other keys where `element` says how they are merged;
 * - `set`: a list of different scalars;
 * - `keyed`: a list of objects told apart by keys;
 * - `deduced`: what there is no schema for: maps are merged key by key, lists are atomic.
 */
export type MergeType = ScalarType | AtomicType | MapType | SetType | KeyedType | DeducedType

export interface ScalarType {
  kind: 'scalar'
  /** What is checked when a configuration is applied. */
  of: 'string' | 'number' | 'boolean' | 'any'
}

export interface AtomicType {
  kind: 'atomic'
  /** What is checked when a configuration is applied, where it is known. */
  of: 'list' | 'map' | 'any'
  /** Type of an atomic map's or list's parts, for those checks. */
  inner?: MergeType
}

/** A field of a map. */
export interface Field {
  type: MergeType
  /** `f:name`: its path element. */
  element: string
  /** The path element as JSON, with its colon. */
  text: string
  /** What stands there when it is left out, as with Go's structs that are held by value. */
  absent?: object | null | ''
  /** Nobody owns what is there: it is the server's, or not this request's to write. */
  isUntracked?: true
}

export interface MapType {
  kind: 'map'
  fields: ReadonlyMap<string, Field>
  /** Type of what is under keys that are no fields; there must be none where it is left out. */
  element?: MergeType
}

export interface SetType {
  kind: 'set'
}

export interface KeyedType {
  kind: 'keyed'
  /** In alphabetical order. */
  keys: readonly ListKey[]
  element: MergeType
}

export interface ListKey {
  name: string
  /** Stands for the key where an item leaves it out; without one that is an error. */
  default?: unknown
}

export interface DeducedType {
  kind: 'deduced'
}

export const DEDUCED: DeducedType = { kind: 'deduced' }
export const ATOMIC: AtomicType = { kind: 'atomic', of: 'any' }
export const ANY_SCALAR: ScalarType = { kind: 'scalar', of: 'any' }

/** A map of strings to values of one type. */
export const mapOf = (element: MergeType): MapType => ({ kind: 'map', fields: new Map(), element })

const DEDUCED_MAP = mapOf(DEDUCED)

/** What a type without schema is for a value. */
export function deduce(value: unknown): MapType | AtomicType | ScalarType {
  if (typeof value !== 'object' || value === null) return ANY_SCALAR
  return Array.isArray(value) ? ATOMIC : DEDUCED_MAP
}

/** The field of a key, whether it is declared or not; undefined where there may be none. */
export function fieldOf({ fields, element }: MapType, key: string): Field | undefined {
  return fields.get(key) ?? (element && otherField(key, element))
}

/** Keys of labels and the like repeat: the latest ones, by the type of what is under them. */
const others = new WeakMap<MergeType, Map<string, Field>>()
const MOST_REMEMBERED = 200

function otherField(key: string, type: MergeType): Field {
  let known = others.get(type)
  if (!known) {
    known = new Map()
    others.set(type, known)
  }
  let field = known.get(key)
  if (!field) {
    field = makeField(key, type)
    if (known.size >= MOST_REMEMBERED) known.clear()
    known.set(key, field)
  }
  return field
}

function makeField(name: string, type: MergeType, absent?: Field['absent']): Field {
  const element = `f:${name}`
  return { type, element, text: `${JSON.stringify(element)}:`, ...(absent !== undefined && { absent }) }
}

/** A field by its name. */
export const field = (name: string, type: MergeType, absent?: Field['absent']): [string, Field] => [
  name,
  makeField(name, type, absent),
]

/** A value that does not fit its type. The message has the path in it, as upstream's. */
export class MergeError extends Error {
  readonly code = 'ERR_MERGE'
}
