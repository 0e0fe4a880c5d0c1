import type { JsonSchemaProps } from '../../kinds/apiextensions.ts'
import { isMap, type Json, setOwn } from '../../meta/patch/own.ts'
import { valueSchema } from './prune.ts'

/**
 * Fills in, in place, the defaults of a structural schema. A null where none is allowed counts as left out: the default
 * takes its place, and where there is none it goes.
 * @returns whether anything was changed
 */
export function applyDefaults(value: unknown, schema: JsonSchemaProps | undefined): boolean {
  if (!schema) return false
  if (Array.isArray(value)) return defaultItems(value, schema.items)
  return isMap(value) && defaultMembers(value, schema)
}

const isForbiddenNull = (value: unknown, schema: JsonSchemaProps | undefined): boolean =>
  value === null && schema !== undefined && !schema.nullable

function defaultMembers(value: Json, schema: JsonSchemaProps): boolean {
  const { properties = {} } = schema
  const ofOthers = valueSchema(schema)
  let isChanged = false
  for (const [key, property] of Object.entries(properties)) {
    const isMissing = !Object.hasOwn(value, key) && property.default !== undefined
    if (isMissing) isChanged = setDefault(value, key, property)
  }
  for (const key of Object.keys(value)) {
    const member = Object.hasOwn(properties, key) ? properties[key] : ofOthers
    if (isForbiddenNull(value[key], member)) isChanged = setDefault(value, key, member!)
    isChanged = applyDefaults(value[key], member) || isChanged
  }
  return isChanged
}

function setDefault(value: Json, key: string, schema: JsonSchemaProps): true {
  if (schema.default === undefined) delete value[key]
  else setOwn(value, key, structuredClone(schema.default))
  return true
}

function defaultItems(items: unknown[], schema: JsonSchemaProps | undefined): boolean {
  let isChanged = false
  for (const [i, item] of items.entries()) {
    if (isForbiddenNull(item, schema) && schema!.default !== undefined) {
      items[i] = structuredClone(schema!.default)
      isChanged = true
    }
    isChanged = applyDefaults(items[i], schema) || isChanged
  }
  return isChanged
}
