import type { JsonSchemaProps } from '../../kinds/apiextensions.ts'
import { isMap } from '../../meta/patch/own.ts'
import { duplicateValue, type FieldError, invalidValue } from '../../meta/status.ts'
import { valueSchema } from './prune.ts'
import { join, listMapKey } from './validate.ts'

/** Items that a list may have only once: of a set the equal ones, of a map those with equal keys. */
export function validateListTypes(
  value: unknown,
  schema: JsonSchemaProps | undefined,
  path: string,
): FieldError[] {
  if (!schema) return []
  if (Array.isArray(value)) {
    const inside = value.flatMap((item, i) => validateListTypes(item, schema.items, `${path}[${i}]`))
    return [...duplicates(value, schema, path), ...inside]
  }
  if (!isMap(value)) return []
  return Object.entries(value).flatMap(([key, member]) => {
    const isKnown = schema.properties && Object.hasOwn(schema.properties, key)
    return validateListTypes(member, isKnown ? schema.properties![key] : valueSchema(schema), join(path, key))
  })
}

function duplicates(items: unknown[], schema: JsonSchemaProps, path: string): FieldError[] {
  const type = schema['x-kubernetes-list-type']
  if (type !== 'set' && type !== 'map') return []
  const keys = schema['x-kubernetes-list-map-keys'] ?? []
  const seen = new Set<string>()
  const errors: FieldError[] = []
  for (const [i, item] of items.entries()) {
    if (type === 'map' && item !== null && !isMap(item)) {
      errors.push(invalidValue(`${path}[${i}]`, item, 'must be an object for an array of list-type map'))
      continue
    }
    const id = type === 'map' ? listMapKey(item, keys, schema) : canonical(item)
    if (seen.has(id)) errors.push(duplicateValue(`${path}[${i}]`, shownKey(item, type, keys)))
    seen.add(id)
  }
  return errors
}

/** JSON with members in order, so that equal values give equal texts. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_, member) =>
    isMap(member) ? Object.fromEntries(Object.entries(member).sort(([a], [b]) => (a < b ? -1 : 1))) : member,
  )
}

function shownKey(item: unknown, type: string, keys: readonly string[]): unknown {
  if (type === 'set' || !isMap(item)) return item
  return Object.fromEntries(keys.map(key => [key, item[key]]))
}
