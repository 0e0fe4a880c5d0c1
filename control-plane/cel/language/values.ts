import { BOOL, BYTES, DOUBLE, DURATION, DYN, INT, NULL, STRING, TIMESTAMP, Type, UINT } from './types.ts'

/**
 * A value while an expression runs: boolean, bigint (int), {@link Uint}, number (double), string, Uint8Array (bytes), null,
 * array (list), Map, {@link Fields} (an object of a schema), {@link Timestamp}, {@link Duration}, {@link Optional},
 * a {@link Type}, or a {@link Typed} value of a library.
 */
export type Value = unknown

/** What goes wrong while an expression runs. The message is cel-go's. */
export class EvaluationError extends Error {
  readonly code = 'CEL_EVALUATION'
}

/** No overload takes the values that it was given: only where types are not known before. */
export const noSuchOverload = (): EvaluationError => new EvaluationError('no such overload')

export class Uint {
  readonly value: bigint

  constructor(value: bigint) {
    this.value = value
  }

  toString(): string {
    return String(this.value)
  }
}

/** A value of a type that a library brings. */
export interface Typed {
  readonly type: Type
  /** Compared with another of the same type. Without it, only the same object is equal. */
  isSame?(other: never): boolean
  /** What calls on it are charged by; 1 without it. */
  size?(): number
}

/** A point in time, in nanoseconds since 1970. */
export class Timestamp {
  readonly nanos: bigint
  /** Minutes east of Greenwich of the zone that it was written in: it is printed in that. */
  readonly offset: number

  constructor(nanos: bigint, offset = 0) {
    this.nanos = nanos
    this.offset = offset
  }
}

/** A span of time in nanoseconds. */
export class Duration {
  readonly nanos: bigint

  constructor(nanos: bigint) {
    this.nanos = nanos
  }
}

/** A value or none. */
export class Optional {
  static readonly NONE = new Optional(undefined)
  readonly value: Value | undefined

  private constructor(value: Value | undefined) {
    this.value = value
  }

  static of(value: Value): Optional {
    return new Optional(value)
  }

  get hasValue(): boolean {
    return this.value !== undefined
  }

  /** @throws EvaluationError for none */
  get(): Value {
    if (this.value === undefined) throw new EvaluationError('optional.none() dereference')
    return this.value
  }
}

/** An object with the fields of its schema. */
export interface Fields {
  readonly type: Type
  /** A field's value; undefined when it is not there. */
  get(name: string): Value | undefined
  /** How many fields there are. */
  readonly fieldCount: number
  isSameFields(other: Fields): boolean
  /** All values, for what looks at everything. */
  fieldValues(): Iterable<[string, Value]>
}

export const isFields = (value: Value): value is Fields =>
  typeof value === 'object' && value !== null && 'fieldCount' in value

/** A list, of set or map type where its schema says so. */
export class SchemaList extends Array<Value> {
  listType: 'set' | 'map' | undefined
  /** Tells items of a list that is a map apart. */
  keyOf: ((item: Value) => string) | undefined

  static override get [Symbol.species](): ArrayConstructor {
    return Array
  }
}

/** The type of a value. */
export function typeOfValue(value: Value): Type {
  switch (typeof value) {
    case 'boolean':
      return BOOL
    case 'bigint':
      return INT
    case 'number':
      return DOUBLE
    case 'string':
      return STRING
  }
  if (value === null) return NULL
  if (Array.isArray(value)) return LIST
  if (value instanceof Map) return MAP
  if (value instanceof Uint8Array) return BYTES
  if (value instanceof Uint) return UINT
  if (value instanceof Timestamp) return TIMESTAMP
  if (value instanceof Duration) return DURATION
  if (value instanceof Optional) return OPTIONAL
  if (value instanceof Type) return META
  return (value as Typed | undefined)?.type ?? DYN
}

const LIST = new Type('list', 'list', [DYN])
const MAP = new Type('map', 'map', [DYN, DYN])
const OPTIONAL = new Type('opaque', 'optional_type', [DYN])
const META = new Type('type')

/** How long a text is in characters as expressions count them (code points). */
export function lengthOf(text: string): number {
  let length = text.length
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (code >= 0xd800 && code <= 0xdbff && i + 1 < text.length) {
      length--
      i++
    }
  }
  return length
}

/** The size that a value is charged by: 1 for what has none. */
export function sizeOfValue(value: Value): number {
  if (typeof value === 'string') return lengthOf(value)
  if (typeof value !== 'object' || value === null) return 1
  if (Array.isArray(value) || value instanceof Uint8Array) return value.length
  if (value instanceof Map) return value.size
  if (value instanceof Optional) return value.hasValue ? sizeOfValue(value.value) : 1
  if (isFields(value)) return value.fieldCount
  return (value as Typed).size?.() ?? 1
}

const INT_MAX = 2n ** 63n - 1n
const INT_MIN = -(2n ** 63n)
const UINT_MAX = 2n ** 64n - 1n

/** @throws EvaluationError when it does not fit */
export function checkInt(value: bigint): bigint {
  if (value > INT_MAX || value < INT_MIN) throw new EvaluationError('integer overflow')
  return value
}

/** @throws EvaluationError when it does not fit */
export function checkUint(value: bigint): Uint {
  if (value > UINT_MAX || value < 0n) throw new EvaluationError('unsigned integer overflow')
  return new Uint(value)
}

/** What a map has an entry under: numbers of equal value are one key. */
export function keyOf(value: Value): Value {
  if (value instanceof Uint) return value.value
  if (typeof value === 'number' && Number.isInteger(value)) return BigInt(value)
  return value
}

/** Equality of the language: numbers by value whatever their type, lists and maps by what is in them. */
export function isEqual(a: Value, b: Value): boolean {
  if (a === b) return true
  if (typeof a === 'string' || typeof b === 'string' || typeof a === 'boolean' || a === null || b === null)
    return false
  if (isNumeric(a)) return isNumeric(b) && compareNumbers(a, b) === 0
  if (Array.isArray(a)) return Array.isArray(b) && isSameList(a, b)
  if (a instanceof Map) return b instanceof Map && isSameMap(a, b)
  if (a instanceof Timestamp) return b instanceof Timestamp && a.nanos === b.nanos
  if (a instanceof Duration) return b instanceof Duration && a.nanos === b.nanos
  if (a instanceof Uint8Array) return b instanceof Uint8Array && Buffer.compare(a, b) === 0
  if (a instanceof Optional) return b instanceof Optional && isSameOptional(a, b)
  if (a instanceof Type) return b instanceof Type && a.name === b.name
  if (isFields(a)) return isFields(b) && a.type === b.type && a.isSameFields(b)
  return typeOfValue(a) === typeOfValue(b) && ((a as Typed).isSame?.(b as never) ?? false)
}

function isSameList(a: Value[], b: Value[]): boolean {
  if (a.length !== b.length) return false
  const ordered = a instanceof SchemaList ? a : b instanceof SchemaList ? b : undefined
  if (ordered?.listType === 'set') return a.every(item => b.some(other => isEqual(item, other)))
  if (ordered?.listType === 'map' && ordered.keyOf) {
    const others = new Map(b.map(item => [ordered.keyOf!(item), item]))
    return a.every(item => {
      const key = ordered.keyOf!(item)
      return others.has(key) && isEqual(item, others.get(key))
    })
  }
  return a.every((item, i) => isEqual(item, b[i]))
}

function isSameMap(a: Map<Value, Value>, b: Map<Value, Value>): boolean {
  if (a.size !== b.size) return false
  for (const [key, value] of a) if (!b.has(key) || !isEqual(value, b.get(key))) return false
  return true
}

const isSameOptional = (a: Optional, b: Optional): boolean =>
  a.hasValue === b.hasValue && (!a.hasValue || isEqual(a.value, b.value))

export const isNumeric = (value: Value): value is bigint | number | Uint =>
  typeof value === 'bigint' || typeof value === 'number' || value instanceof Uint

/** Below, equal or above zero; NaN when they are in no order. */
export function compareNumbers(a: bigint | number | Uint, b: bigint | number | Uint): number {
  const left = a instanceof Uint ? a.value : a
  const right = b instanceof Uint ? b.value : b
  return left < right ? -1 : left > right ? 1 : left >= right ? 0 : Number.NaN
}
