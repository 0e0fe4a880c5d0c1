import { isNumber, isWhole } from '../../api/meta/json.ts'
import type { Value } from './language/values.ts'

/**
 * What a JSON value without schema is to an expression: whole numbers are ints, objects are maps. What is inside is
 * converted when it is asked for.
 */
export function fromJson(value: unknown): Value {
  if (isNumber(value)) return isWhole(value) ? BigInt(value) : value
  if (typeof value !== 'object') return value
  if (value === null) return null
  return Array.isArray(value) ? value.map(fromJson) : new JsonMap(value as Record<string, unknown>)
}

/** A JSON object as a map. It is not changed by whoever reads it. */
class JsonMap extends Map<Value, Value> {
  readonly #object: Record<string, unknown>

  constructor(object: Record<string, unknown>) {
    super()
    this.#object = object
  }

  override get size(): number {
    return Object.keys(this.#object).length
  }

  override has(key: Value): boolean {
    return typeof key === 'string' && Object.hasOwn(this.#object, key) && this.#object[key] !== undefined
  }

  override get(key: Value): Value | undefined {
    return this.has(key) ? fromJson(this.#object[key as string]) : undefined
  }

  override *keys(): MapIterator<Value> {
    yield* Object.keys(this.#object)
  }

  override *values(): MapIterator<Value> {
    for (const key of Object.keys(this.#object)) yield fromJson(this.#object[key])
  }

  override *entries(): MapIterator<[Value, Value]> {
    for (const key of Object.keys(this.#object)) yield [key, fromJson(this.#object[key])]
  }

  override [Symbol.iterator](): MapIterator<[Value, Value]> {
    return this.entries()
  }

  override forEach(visit: (value: Value, key: Value, map: Map<Value, Value>) => void): void {
    for (const [key, value] of this.entries()) visit(value, key, this)
  }
}
