import type { JsonSchemaProps } from '../../kinds/apiextensions.ts'
import { isMap, type Json } from '../../meta/patch/own.ts'
import { formatPath } from '../decode-state.ts'

type Path = readonly (string | number)[]

/** Members that every object has, whatever its schema says. */
const META_FIELDS = new Set(['apiVersion', 'kind', 'metadata'])

/** The schema of a map's values; undefined where any value will do. */
export const valueSchema = ({ additionalProperties }: JsonSchemaProps): JsonSchemaProps | undefined =>
  typeof additionalProperties === 'object' ? additionalProperties : undefined

/**
 * Takes out of a custom resource, in place, what its structural schema does not specify.
 * @returns the paths of what was taken out
 */
export function prune(object: object, schema: JsonSchemaProps | undefined): string[] {
  const dropped: string[] = []
  pruneValue(object, { ...schema, 'x-kubernetes-embedded-resource': true }, [], dropped)
  return dropped
}

function pruneValue(
  value: unknown,
  schema: JsonSchemaProps | undefined,
  path: Path,
  dropped: string[],
): void {
  if (Array.isArray(value)) {
    const keepsUnknown = schema?.['x-kubernetes-preserve-unknown-fields']
    for (const [i, item] of value.entries()) {
      pruneValue(item, keepsUnknown ? keepUnknown(schema.items) : schema?.items, [...path, i], dropped)
    }
  } else if (isMap(value)) pruneMembers(value, schema, path, dropped)
}

/** Inside what is kept as it is, specified parts are still pruned, and lists of lists are looked through. */
const keepUnknown = (items: JsonSchemaProps | undefined): JsonSchemaProps => ({
  ...items,
  'x-kubernetes-preserve-unknown-fields': true,
})

function pruneMembers(value: Json, schema: JsonSchemaProps | undefined, path: Path, dropped: string[]): void {
  for (const key of Object.keys(value)) {
    if (schema?.['x-kubernetes-embedded-resource'] && META_FIELDS.has(key)) continue
    const known = schema?.properties
    if (known && Object.hasOwn(known, key)) pruneValue(value[key], known[key], [...path, key], dropped)
    else if (schema?.additionalProperties)
      pruneValue(value[key], valueSchema(schema), [...path, key], dropped)
    else if (!schema?.['x-kubernetes-preserve-unknown-fields']) {
      dropped.push(formatPath([...path, key]))
      delete value[key]
    }
  }
}
