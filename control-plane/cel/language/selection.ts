import { EvaluationError, isFields, keyOf, noSuchOverload, Optional, Uint, type Value } from './values.ts'

/** The member of a map or an object; undefined when there is none. */
function memberOf(value: Value, key: Value): Value | undefined {
  if (isFields(value)) return typeof key === 'string' ? value.get(key) : undefined
  if (value instanceof Map) return value.get(keyOf(key))
  throw noSuchOverload()
}

const noSuchKey = (key: Value): EvaluationError => new EvaluationError(`no such key: ${String(key)}`)

/** A field's value. Of an optional, an optional. @throws EvaluationError when it is not there */
export function fieldOf(value: Value, field: string): Value {
  if (value instanceof Optional) return optionalField(value, field)
  const member = memberOf(value, field)
  if (member === undefined) throw noSuchKey(field)
  return member
}

/** A field's value or none. */
export function optionalField(value: Value, field: string): Optional {
  if (value instanceof Optional) return value.hasValue ? optionalField(value.value, field) : Optional.NONE
  const member = memberOf(value, field)
  return member === undefined ? Optional.NONE : Optional.of(member)
}

/** Whether a field is there. */
export function hasField(value: Value, field: string): boolean {
  if (value instanceof Optional) return value.hasValue && hasField(value.value, field)
  return memberOf(value, field) !== undefined
}

function placeIn(list: Value[], index: Value): number | undefined {
  const place = index instanceof Uint ? index.value : index
  if (typeof place !== 'bigint' && !(typeof place === 'number' && Number.isInteger(place)))
    throw new EvaluationError(`unsupported index type '${typeof index}' in list`)
  const at = Number(place)
  return at >= 0 && at < list.length ? at : undefined
}

/** What is at a place of a list or under a key of a map. @throws EvaluationError when there is nothing */
export function itemOf(value: Value, index: Value): Value {
  if (value instanceof Optional) return optionalItem(value, index)
  if (Array.isArray(value)) {
    const place = placeIn(value, index)
    if (place === undefined) throw new EvaluationError(`index out of bounds: ${String(index)}`)
    return value[place]
  }
  const member = memberOf(value, index)
  if (member === undefined) throw noSuchKey(index)
  return member
}

/** What is at a place of a list or under a key of a map, or none. */
export function optionalItem(value: Value, index: Value): Optional {
  if (value instanceof Optional) return value.hasValue ? optionalItem(value.value, index) : Optional.NONE
  if (Array.isArray(value)) {
    const place = placeIn(value, index)
    return place === undefined ? Optional.NONE : Optional.of(value[place])
  }
  const member = memberOf(value, index)
  return member === undefined ? Optional.NONE : Optional.of(member)
}
