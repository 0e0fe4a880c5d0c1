import type { JsonSchemaProps } from '../../../api/kinds/apiextensions.ts'
import { type FieldError, invalidValue } from '../../../api/meta/status.ts'
import { prune } from '../../../api/schema/structural/prune.ts'
import { validateValue } from '../../../api/schema/structural/validate.ts'
import { cel, mentionsRules } from '../../cel/lazy.ts'
import type { Tolerated } from './tolerated.ts'

/** Defaults must be valid by the schemas and rules they stand in, and hold nothing that would be pruned. */
export function validateDefaults(schema: JsonSchemaProps, path: string, tolerated: Tolerated): FieldError[] {
  const { items, properties = {} } = schema
  return [
    ...validateOne(schema, `${path}.default`, tolerated),
    ...(items && !Array.isArray(items) ? validateDefaults(items, `${path}.items`, tolerated) : []),
    ...Object.entries(properties).flatMap(([key, part]) =>
      validateDefaults(part, `${path}.properties[${key}]`, tolerated),
    ),
  ]
}

function validateOne(schema: JsonSchemaProps, path: string, tolerated: Tolerated): FieldError[] {
  if (schema.default === undefined) return []
  const unknown =
    hasUnknown(schema) && !tolerated.has('unknown in defaults')
      ? [invalidValue(path, schema.default, 'must not have unknown fields')]
      : []
  const errors = validateValue(schema.default, schema, 'default').map(error => ({
    ...error,
    field: path + error.field.slice('default'.length),
    detail: error.detail.replace(/^default/, ''),
  }))
  return [...unknown, ...(errors.length > 0 ? errors : brokenRules(schema, path))]
}

/** A default must keep the rules both as what was there before and as what is new. */
function brokenRules(schema: JsonSchemaProps, path: string): FieldError[] {
  if (!mentionsRules(schema)) return []
  const validator = new (cel().RuleValidator)(schema, schema['x-kubernetes-embedded-resource'] === true)
  const broken = (old: unknown): FieldError[] => validator.validate(schema.default, old, undefined, path)
  const errors = broken(schema.default)
  return errors.length > 0 ? errors : broken(undefined)
}

/** Whether the default of a schema has what would be pruned. It stands inside an object: it has no metadata of its own. */
export function hasUnknown(schema: JsonSchemaProps): boolean {
  const value = structuredClone(schema.default)
  if (schema['x-kubernetes-embedded-resource'] || typeof value !== 'object') return false
  return prune({ default: value }, { properties: { default: schema } }).length > 0
}
