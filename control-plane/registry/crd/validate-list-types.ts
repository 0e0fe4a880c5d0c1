import type { JsonSchemaProps } from '../../../api/kinds/apiextensions.ts'
import { type FieldError, invalidValue, notSupported, required } from '../../../api/meta/status.ts'

const LIST_TYPE = 'x-kubernetes-list-type'
const LIST_KEYS = 'x-kubernetes-list-map-keys'
const MAP_TYPE = 'x-kubernetes-map-type'

/** What is wrong with how a list or map says it is merged. */
export function validateListAndMapTypes(schema: JsonSchemaProps, path: string): FieldError[] {
  return [
    ...validatePreserve(schema, path),
    ...validateMapType(schema, path),
    ...validateListType(schema, path),
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

function validateListType({ type, items, ...schema }: JsonSchemaProps, path: string): FieldError[] {
  const errors: FieldError[] = []
  const listType = schema[LIST_TYPE]
  const keys = schema[LIST_KEYS] ?? []
  const known = ['atomic', 'map', 'set']
  if (listType !== undefined) {
    if (type !== 'array') errors.push(wrongType(path, type, 'array', LIST_TYPE))
    if (!known.includes(listType)) errors.push(notSupported(`${path}.${LIST_TYPE}`, listType, known))
  }
  if (keys.length > 0 && listType !== 'map') {
    const detail = `must be map if ${LIST_KEYS} is non-empty`
    const place = `${path}.${LIST_TYPE}`
    errors.push(listType === undefined ? required(place, detail) : invalidValue(place, listType, detail))
  }
  if (listType === 'map') errors.push(...validateMapKeys(keys, items, path))
  if (listType === 'set' && items) errors.push(...validateSetItems(items, path))
  return errors
}

function validateMapKeys(
  keys: readonly string[],
  items: JsonSchemaProps | undefined,
  path: string,
): FieldError[] {
  const place = `${path}.${LIST_KEYS}`
  if (keys.length === 0) return [required(place, `must not be empty if ${LIST_TYPE} is map`)]
  if (!items) return [required(`${path}.items`, `must have a schema if ${LIST_TYPE} is map`)]
  const errors: FieldError[] = []
  if (items.type !== 'object')
    errors.push(
      invalidValue(
        `${path}.items.type`,
        items.type ?? '',
        `must be object if parent array's ${LIST_TYPE} is map`,
      ),
    )
  for (const key of keys) errors.push(...validateMapKey(key, keys, items, path))
  if (new Set(keys).size < keys.length)
    errors.push(invalidValue(place, keys, 'must not contain duplicate entries'))
  return errors
}

const SCALARS = ['boolean', 'integer', 'number', 'string']

function validateMapKey(
  key: string,
  keys: readonly string[],
  items: JsonSchemaProps,
  path: string,
): FieldError[] {
  const schema = items.properties?.[key]
  if (!schema)
    return [invalidValue(`${path}.${LIST_KEYS}`, keys, 'entries must all be names of item properties')]
  const place = `${path}.items.properties[${key}]`
  const errors: FieldError[] = []
  if (!SCALARS.includes(schema.type ?? ''))
    errors.push(
      invalidValue(
        `${place}.type`,
        schema.type ?? '',
        `must be a scalar type if parent array's ${LIST_TYPE} is map`,
      ),
    )
  const why = `this property is in ${LIST_KEYS}, so it`
  if (!items.required?.includes(key) && schema.default === undefined)
    errors.push(required(`${place}.default`, `${why} must have a default or be a required property`))
  if (schema.nullable)
    errors.push({
      type: 'FieldValueForbidden',
      field: `${place}.nullable`,
      detail: `${why} cannot be nullable`,
    })
  return errors
}

/** Items of a set are compared as a whole: what is inside them cannot be merged. */
function validateSetItems(items: JsonSchemaProps, path: string): FieldError[] {
  const errors: FieldError[] = []
  const place = `${path}.items`
  if (items.nullable)
    errors.push({
      type: 'FieldValueForbidden',
      field: `${place}.nullable`,
      detail: 'cannot be nullable when x-kubernetes-list-type is "set"',
    })
  if (items.type === 'array' && items[LIST_TYPE] !== 'atomic')
    errors.push(
      invalidValue(
        `${place}.${LIST_TYPE}`,
        items[LIST_TYPE] ?? '',
        'must be atomic as item of a list with x-kubernetes-list-type=set',
      ),
    )
  if (items.type === 'object' && items[MAP_TYPE] !== 'atomic')
    errors.push(
      invalidValue(
        `${place}.${MAP_TYPE}`,
        items[MAP_TYPE] ?? '',
        'must be atomic as item of a list with x-kubernetes-list-type=set',
      ),
    )
  return errors
}
