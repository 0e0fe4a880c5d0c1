import type { JsonSchemaProps } from '../../kinds/apiextensions.ts'
import { isNumber } from '../../meta/json.ts'
import { isMap, isSame, type Json } from '../../meta/patch/own.ts'
import { type FieldError, required, tooLong, tooMany } from '../../meta/status.ts'
import { hasFormat } from './formats.ts'
import * as say from './messages.ts'
import { compilePattern } from './pattern.ts'
import { valueSchema } from './prune.ts'

/**
 * All that is wrong with a value by its schema, in upstream's words.
 * @param old the value that this one takes the place of: what did not change is not found fault with (ratcheting,
 * KEP-4008). Undefined where there is none.
 */
export function validateValue(
  value: unknown,
  schema: JsonSchemaProps,
  path: string,
  old?: unknown,
): FieldError[] {
  if (old !== undefined && isSame(value, old)) return []
  if (value === null) return schema.nullable || !typesOf(schema) ? [] : [wrongTypeAt(path, schema, value)]
  return [
    ...validateType(value, schema, path),
    ...validateComposition(value, schema, path, old),
    ...(typeof value === 'string' ? validateString(value, schema, path) : []),
    ...(isNumber(value) ? validateNumber(value, schema, path) : []),
    ...(Array.isArray(value) ? validateList(value, schema, path, old) : []),
    ...validateEnum(value, schema, path),
    ...(isMap(value) ? validateObject(value, schema, path, old) : []),
  ]
}

/** The types a value may have; undefined for any. */
function typesOf(schema: JsonSchemaProps): readonly string[] | undefined {
  if (schema['x-kubernetes-int-or-string']) return ['integer', 'string']
  return schema.type ? [schema.type] : undefined
}

const wrongTypeAt = (path: string, schema: JsonSchemaProps, value: unknown): FieldError =>
  say.wrongType(path, typesOf(schema)!.join(','), value)

function validateType(value: unknown, schema: JsonSchemaProps, path: string): FieldError[] {
  const allowed = typesOf(schema)
  const actual = say.typeOf(value)
  if (!allowed || allowed.includes(actual)) return []
  if (actual === 'integer' && allowed.includes('number')) return []
  return [wrongTypeAt(path, schema, value)]
}

function validateString(value: string, schema: JsonSchemaProps, path: string): FieldError[] {
  const { format } = schema
  const fault = textFault(value, schema, path)
  const errors = fault ? [fault] : []
  if (format && !hasFormat(value, format)) errors.push(say.wrongFormat(path, format, value))
  return errors
}

/** Of a text's length and pattern only the first that is wrong is told. */
function textFault(
  value: string,
  { maxLength, minLength, pattern }: JsonSchemaProps,
  path: string,
): FieldError | undefined {
  if (maxLength !== undefined || minLength !== undefined) {
    const length = lengthOf(value)
    if (maxLength !== undefined && length > maxLength) return tooLong(path, value, maxLength)
    if (minLength !== undefined && length < minLength) return say.tooShort(path, value, minLength)
  }
  return pattern && !compilePattern(pattern).test(value) ? say.noMatch(path, value, pattern) : undefined
}

/** Characters, not UTF-16 units. */
function lengthOf(text: string): number {
  let length = 0
  for (const _ of text) length++
  return length
}

function validateNumber(value: number | bigint, schema: JsonSchemaProps, path: string): FieldError[] {
  const errors: FieldError[] = []
  const { multipleOf, maximum, minimum, exclusiveMaximum = false, exclusiveMinimum = false } = schema
  if (multipleOf !== undefined && !isMultiple(value, multipleOf))
    errors.push(say.noMultiple(path, value, multipleOf))
  const highest = limitFor(value, maximum, schema)
  const lowest = limitFor(value, minimum, schema)
  if (maximum !== undefined && (exclusiveMaximum ? value >= highest : value > highest))
    errors.push(say.aboveMaximum(path, value, maximum, exclusiveMaximum))
  if (minimum !== undefined && (exclusiveMinimum ? value <= lowest : value < lowest))
    errors.push(say.belowMinimum(path, value, minimum, exclusiveMinimum))
  return errors
}

const isMultiple = (value: number | bigint, of: number): boolean =>
  typeof value === 'bigint' && Number.isInteger(of)
    ? value % BigInt(of) === 0n
    : Number.isInteger(Number(value) / of)

/** Whole numbers are compared with what is whole of a limit, as upstream does: 0 is not below 0.5. */
function limitFor(value: number | bigint, limit = 0, { type }: JsonSchemaProps): number {
  const isWhole = typeof value === 'bigint' || Number.isInteger(value)
  return type === 'integer' || !isWhole ? limit : Math.trunc(limit)
}

function validateEnum(value: unknown, { enum: allowed }: JsonSchemaProps, path: string): FieldError[] {
  if (!allowed?.length || allowed.some(item => isSame(item, value))) return []
  return [say.notInEnum(path, value, allowed)]
}

function validateList(items: unknown[], schema: JsonSchemaProps, path: string, old: unknown): FieldError[] {
  const errors: FieldError[] = []
  const { minItems, maxItems, items: itemSchema } = schema
  if (minItems !== undefined && items.length < minItems)
    errors.push(say.tooFewItems(path, items.length, minItems))
  if (maxItems !== undefined && items.length > maxItems) errors.push(tooMany(path, items.length, maxItems))
  if (!itemSchema) return errors
  const oldItem = correlate(schema, old)
  for (const [i, item] of items.entries())
    errors.push(...validateValue(item, itemSchema, `${path}[${i}]`, oldItem(item)))
  return errors
}

/** Finds what an item of a list was before: only lists that are maps tell that. */
export function correlate(schema: JsonSchemaProps, old: unknown): (item: unknown) => unknown {
  const keys = schema['x-kubernetes-list-map-keys'] ?? []
  if (schema['x-kubernetes-list-type'] !== 'map' || !Array.isArray(old)) return () => undefined
  const idOf = (item: unknown): string => listMapKey(item, keys, schema)
  const byKey = new Map(old.map(item => [idOf(item), item]))
  return item => byKey.get(idOf(item))
}

/** The keys of an item of a list that is a map, as one text. A key that is left out has its default. */
export function listMapKey(item: unknown, keys: readonly string[], { items }: JsonSchemaProps): string {
  const values = keys.map(key =>
    isMap(item) ? (item[key] ?? items?.properties?.[key]?.default ?? null) : null,
  )
  return JSON.stringify(values)
}

function validateObject(value: Json, schema: JsonSchemaProps, path: string, old: unknown): FieldError[] {
  const errors: FieldError[] = []
  const { minProperties, maxProperties, properties = {} } = schema
  const keys = Object.keys(value)
  if (minProperties !== undefined && keys.length < minProperties)
    errors.push(say.tooFewProperties(path, keys.length, minProperties))
  if (maxProperties !== undefined && keys.length > maxProperties)
    errors.push(tooMany(path, keys.length, maxProperties))
  const before = isMap(old) ? old : {}
  for (const key of keys) {
    const member = Object.hasOwn(properties, key) ? properties[key] : valueSchema(schema)
    const oldMember = Object.hasOwn(before, key) ? before[key] : undefined
    if (member) errors.push(...validateValue(value[key], member, join(path, key), oldMember))
  }
  for (const key of schema.required ?? []) {
    if (!Object.hasOwn(value, key)) errors.push(required(join(path, key), ''))
  }
  return errors
}

export const join = (path: string, key: string): string => (path ? `${path}.${key}` : key)

function validateComposition(
  value: unknown,
  schema: JsonSchemaProps,
  path: string,
  old: unknown,
): FieldError[] {
  const results = (schemas: readonly JsonSchemaProps[] = []): FieldError[][] =>
    schemas.map(part => validateValue(value, part, path, old))
  const errors: FieldError[] = []
  const any = results(schema.anyOf)
  if (any.length > 0 && !any.some(isValid)) errors.push(say.noneOfAny(path), ...nearest(any))
  const one = results(schema.oneOf)
  const count = one.filter(isValid).length
  if (one.length > 0 && count !== 1)
    errors.push(say.notOne(path, count), ...(count === 0 ? nearest(one) : []))
  const all = results(schema.allOf)
  const valid = all.filter(isValid).length
  if (valid < all.length) errors.push(...all.flat(), say.notAll(path, valid))
  if (schema.not && isValid(validateValue(value, schema.not, path))) errors.push(say.notNot(path))
  return errors
}

const isValid = (errors: readonly FieldError[]): boolean => errors.length === 0

/** The alternative that lacks least. */
const nearest = (results: FieldError[][]): FieldError[] =>
  results.reduce((best, result) => (result.length < best.length ? result : best))
