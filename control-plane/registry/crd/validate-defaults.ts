import type { JsonSchemaProps } from '../../../api/kinds/apiextensions.ts'
import { type FieldError, forbiddenField, invalidValue } from '../../../api/meta/status.ts'
import { prune } from '../../../api/schema/structural/prune.ts'
import { validateValue } from '../../../api/schema/structural/validate.ts'

/** Defaults must be valid by the schemas they stand in, and hold nothing that would be pruned. */
export function validateDefaults(schema: JsonSchemaProps, path: string): FieldError[] {
  if (schema.default !== undefined && !path.includes('.properties['))
    return [forbiddenField(`${path}.default`, 'must not be set')]
  return validateInside(schema, path)
}

function validateInside(schema: JsonSchemaProps, path: string): FieldError[] {
  const { items, properties = {}, additionalProperties } = schema
  return [
    ...validateOne(schema, `${path}.default`),
    ...(items && !Array.isArray(items) ? validateInside(items, `${path}.items`) : []),
    ...Object.entries(properties).flatMap(([key, part]) =>
      validateInside(part, `${path}.properties[${key}]`),
    ),
    ...(typeof additionalProperties === 'object'
      ? validateInside(additionalProperties, `${path}.additionalProperties`)
      : []),
  ]
}

function validateOne(schema: JsonSchemaProps, path: string): FieldError[] {
  if (schema.default === undefined) return []
  const errors = validateValue(schema.default, schema, 'default')
  const placed = errors.map(error => ({ ...error, field: error.field.replace(/^default|^<nil>/, path) }))
  const value = structuredClone(schema.default)
  const dropped =
    schema['x-kubernetes-embedded-resource'] || typeof value !== 'object' ? [] : unknownIn(value, schema)
  if (dropped.length === 0) return placed
  const detail = `must not have unknown fields: ${dropped.join(', ')}`
  return [...placed, invalidValue(path, schema.default, detail)]
}

/** A default stands inside an object: it has no metadata of its own. */
function unknownIn(value: unknown, schema: JsonSchemaProps): string[] {
  const holder = { properties: { default: schema } }
  return prune({ default: value }, holder)
}
