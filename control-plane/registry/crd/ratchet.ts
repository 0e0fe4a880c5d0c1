import type {
  CustomResourceDefinition,
  CustomVersion,
  JsonSchemaProps,
} from '../../../api/kinds/apiextensions.ts'
import type { Tolerance, Tolerated } from './tolerated.ts'
import { hasUnknown } from './validate-defaults.ts'
import { validateItems, validateSetItems } from './validate-list-types.ts'
import { TYPES } from './validate-words.ts'

/** Whether a schema or any inside of it is of some sort. */
function isAnywhere(schema: JsonSchemaProps, test: (schema: JsonSchemaProps) => boolean): boolean {
  const { items, additionalProperties, not, properties = {} } = schema
  const logic = (['allOf', 'anyOf', 'oneOf'] as const).flatMap(word => schema[word] ?? [])
  const inner = [...Object.values(properties), ...logic]
  for (const part of [items, additionalProperties, not])
    if (typeof part === 'object' && !Array.isArray(part)) inner.push(part)
  return test(schema) || inner.some(part => isAnywhere(part, test))
}

const LIST_TYPE = 'x-kubernetes-list-type'

const SORTS: [Tolerance, (schema: JsonSchemaProps) => boolean][] = [
  ['types', ({ type }) => type !== undefined && type !== '' && !TYPES.includes(type)],
  [
    'set items',
    ({ items, ...schema }) =>
      schema[LIST_TYPE] === 'set' && items !== undefined && validateSetItems(items, '').length > 0,
  ],
  ['list items', schema => schema.items !== undefined && hasBadItems(schema, schema.items)],
  ['unknown in defaults', hasUnknown],
]

function hasBadItems(schema: JsonSchemaProps, items: JsonSchemaProps): boolean {
  const listType = schema[LIST_TYPE]
  if (listType !== 'set' && listType !== 'map') return false
  return validateItems(listType, schema['x-kubernetes-list-map-keys'] ?? [], items, '').length > 0
}

/** What the old definition has that a new one may not have. */
export function toleratedOf({ spec }: CustomResourceDefinition): Tolerated {
  const tolerated = new Set<Tolerance>()
  const schemas = (spec.versions ?? []).map(({ schema }) => schema?.openAPIV3Schema)
  if (schemas.includes(undefined)) tolerated.add('no schema')
  for (const schema of schemas)
    for (const [name, test] of SORTS)
      if (schema && !tolerated.has(name) && isAnywhere(schema, test)) tolerated.add(name)
  return tolerated
}

/** The version of the old definition that a version was, if it was there. */
export const versionBefore = (
  old: CustomResourceDefinition | undefined,
  name: string,
): CustomVersion | undefined => old?.spec.versions?.find(version => version.name === name)
