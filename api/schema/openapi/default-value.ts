import { type Definition, isReference } from '../definition.ts'
import { DEFAULT_VALUES, EMPTY_DEFAULTS, NO_DEFAULTS, ZERO_DEFAULTS } from '../tables/defaults.ts'
import { STRUCTS } from '../tables/structs.ts'

/** Zero values by type in our notation: Go always writes these where a field is no pointer. */
const ZEROS: Readonly<Record<string, string | number | boolean>> = {
  string: '',
  boolean: false,
  int32: 0,
  int64: 0,
  double: 0,
}

const OF_KINDS = new Set(['metadata', 'spec', 'status'])

/**
 * What OpenAPI tells as the default of a field, undefined where it tells none. Structs held by value are empty; plain
 * fields that must be there are zero; few have a value of their own.
 */
export function fieldDefault(name: string, definition: Definition, field: string): unknown {
  const key = `${name.split('.').slice(-3).join('.')}.${field}`
  const type = definition.fields[field]!
  if (DEFAULT_VALUES[key] !== undefined) return DEFAULT_VALUES[key]
  if (isReference(type)) return isStruct(key, definition, field) ? {} : undefined
  const isAlwaysThere = definition.required?.includes(field) ? !NO_DEFAULTS.has(key) : ZERO_DEFAULTS.has(key)
  return isAlwaysThere ? ZEROS[type] : undefined
}

const isStruct = (key: string, { kinds }: Definition, field: string): boolean =>
  STRUCTS.has(key) || EMPTY_DEFAULTS.has(key) || (kinds !== undefined && OF_KINDS.has(field))

/** The default of what is in a list or a map of a type. */
export const itemDefault = (type: string): unknown => (isReference(type) ? {} : ZEROS[type])
