import type { JsonSchemaProps } from '../../../api/kinds/apiextensions.ts'
import {
  type FieldError,
  forbiddenField,
  invalidValue,
  notSupported,
  required,
} from '../../../api/meta/status.ts'
import type { Tolerated } from './tolerated.ts'

const LIST_TYPE = 'x-kubernetes-list-type'
const LIST_KEYS = 'x-kubernetes-list-map-keys'
const MAP_TYPE = 'x-kubernetes-map-type'

/** What is wrong with how a list or map says it is merged. */
export function validateListAndMapTypes(
  schema: JsonSchemaProps,
  path: string,
  tolerated: Tolerated,
): FieldError[] {
  return [
    ...validatePreserve(schema, path),
    ...validateMapType(schema, path),
    ...validateListType(schema, path, tolerated),
  ]
}

function validatePreserve(schema: JsonSchemaProps, path: string): FieldError[] {
  const word = 'x-kubernetes-preserve-unknown-fields'
  return schema[word] === false ? [invalidValue(`${path}.${word}`, false, 'must be true or undefined')] : []
}

/** That a word needs a type which its schema has not. */
function wrongType(path: string, type: string | undefined, wanted: string, word: string): FieldError {
  const detail = `must be ${wanted} if ${word} is specified`
  return type ? invalidValue(`${path}.type`, type, detail) : required(`${path}.type`, detail)
}

function validateMapType({ type, ...schema }: JsonSchemaProps, path: string): FieldError[] {
  const mapType = schema[MAP_TYPE]
  if (mapType === undefined) return []
  const known = ['atomic', 'granular']
  return [
    ...(type === 'object' ? [] : [wrongType(path, type, 'object', MAP_TYPE)]),
    ...(known.includes(mapType) ? [] : [notSupported(`${path}.${MAP_TYPE}`, mapType, known)]),
  ]
}

function validateListType(
  { type, items, ...schema }: JsonSchemaProps,
  path: string,
  tolerated: Tolerated,
): FieldError[] {
  const errors: FieldError[] = []
  const listType = schema[LIST_TYPE]
  const keys = schema[LIST_KEYS] ?? []
  const known = ['atomic', 'set', 'map']
  if (listType !== undefined) {
    if (type !== 'array') errors.push(wrongType(path, type, 'array', LIST_TYPE))
    else if (listType === 'set' && items && !tolerated.has('set items'))
      errors.push(...validateSetItems(items, path))
    if (!known.includes(listType)) errors.push(notSupported(`${path}.${LIST_TYPE}`, listType, known))
  }
  if (keys.length > 0 && listType !== 'map') {
    const detail = `must be map if ${LIST_KEYS} is non-empty`
    const place = `${path}.${LIST_TYPE}`
    errors.push(listType === undefined ? required(place, detail) : invalidValue(place, listType, detail))
  }
  if (listType === 'map') errors.push(...validateMapKeys(keys, items, path))
  if ((listType === 'set' || listType === 'map') && items && !tolerated.has('list items'))
    errors.push(...validateItems(listType, keys, items, path))
  return errors
}

function validateMapKeys(
  keys: readonly string[],
  items: JsonSchemaProps | undefined,
  path: string,
): FieldError[] {
  const place = `${path}.${LIST_KEYS}`
  const errors: FieldError[] = []
  if (keys.length === 0) errors.push(required(place, `must not be empty if ${LIST_TYPE} is map`))
  if (!items) return [...errors, required(`${path}.items`, `must have a schema if ${LIST_TYPE} is map`)]
  if (items.type !== 'object') {
    const detail = `must be object if parent array's ${LIST_TYPE} is map`
    return [...errors, invalidValue(`${path}.items.type`, items.type ?? '', detail)]
  }
  const seen = new Set<string>()
  for (const key of keys) {
    const type = items.properties?.[key]?.type
    if (!items.properties?.[key])
      errors.push(invalidValue(place, keys, 'entries must all be names of item properties'))
    else if (type === 'array' || type === 'object')
      errors.push(
        invalidValue(
          `${path}.items.properties[${key}].type`,
          items.type,
          `must be a scalar type if parent array's ${LIST_TYPE} is map`,
        ),
      )
    if (seen.has(key)) errors.push(invalidValue(place, keys, 'must not contain duplicate entries'))
    seen.add(key)
  }
  return errors
}

/** Items of a set are compared as a whole: what is inside them cannot be merged. */
export function validateSetItems(items: JsonSchemaProps, path: string): FieldError[] {
  const word = items.type === 'array' ? LIST_TYPE : MAP_TYPE
  const isAtomic =
    items.type === 'array' ? [undefined, 'atomic'].includes(items[word]) : items[word] === 'atomic'
  if ((items.type !== 'array' && items.type !== 'object') || isAtomic) return []
  const detail = 'must be atomic as item of a list with x-kubernetes-list-type=set'
  return [invalidValue(`${path}.items.${word}`, items[LIST_TYPE] ?? null, detail)]
}

/** Items must be there to be told apart, and so must their keys. */
export function validateItems(
  listType: string,
  keys: readonly string[],
  items: JsonSchemaProps,
  path: string,
): FieldError[] {
  const errors: FieldError[] = []
  if (items.nullable)
    errors.push(
      forbiddenField(`${path}.items.nullable`, `cannot be nullable when ${LIST_TYPE} is ${listType}`),
    )
  for (const key of listType === 'map' ? keys : []) {
    const schema = items.properties?.[key]
    if (!schema) continue
    const place = `${path}.items.properties[${key}]`
    const why = `this property is in ${LIST_KEYS}, so it`
    if (!items.required?.includes(key) && schema.default === undefined)
      errors.push(required(`${place}.default`, `${why} must have a default or be a required property`))
    if (schema.nullable) errors.push(forbiddenField(`${place}.nullable`, `${why} cannot be nullable`))
  }
  return errors
}
