import type { JsonSchemaProps } from '../../../api/kinds/apiextensions.ts'
import {
  type FieldError,
  forbiddenField,
  invalidValue,
  notSupported,
  required,
} from '../../../api/meta/status.ts'
import { compilePattern } from '../../../api/schema/structural/pattern.ts'
import { cel, mentionsRules } from '../../cel/lazy.ts'
import { validateDefaults } from './validate-defaults.ts'
import { validateListAndMapTypes } from './validate-list-types.ts'
import { validateStructure } from './validate-structure.ts'

/** Fields that the root of a schema may have beside its value validation where there is a status subresource. */
const ROOT_TYPE = 'object'

/** All that is wrong with the schema of a version. */
export function validateSchema(schema: JsonSchemaProps, path: string, hasStatus: boolean): FieldError[] {
  const errors = [
    ...(hasStatus ? validateRoot(schema, path) : []),
    ...validateWords(schema, path),
    ...validateStructure(schema, path),
    ...validateDefaults(schema, path),
  ]
  // Rules are compiled by the types of the schema: it must be good before.
  if (errors.length > 0 || !mentionsRules(schema)) return errors
  return cel().checkRules(schema, path)
}

/** With a status subresource the root may only say what concerns the whole object. */
function validateRoot({ type }: JsonSchemaProps, path: string): FieldError[] {
  if (!type || type === ROOT_TYPE) return []
  const detail = `only "object" is allowed as the type at the root of the schema if the status subresource is enabled`
  return [invalidValue(`${path}.type`, type, detail)]
}

const TYPES = ['array', 'boolean', 'integer', 'number', 'object', 'string']

/** Words of JSON Schema that are not taken, with what is said of them. */
const REFUSED: readonly [keyof JsonSchemaProps, string][] = [
  ['$ref', '$ref is not supported'],
  ['definitions', 'definitions is not supported'],
  ['dependencies', 'dependencies is not supported'],
  ['id', 'id is not supported'],
  ['additionalItems', 'additionalItems is not supported'],
  ['patternProperties', 'patternProperties is not supported'],
]

/** What is wrong with the words of a schema, each for itself, at all depths. */
function validateWords(schema: JsonSchemaProps, path: string): FieldError[] {
  const errors = [
    ...validateOwnWords(schema, path),
    ...validateListAndMapTypes(schema, path),
    ...validateNumbers(schema, path),
  ]
  const { items, additionalProperties, not } = schema
  for (const [word, inner] of Object.entries({ items, additionalProperties, not })) {
    if (typeof inner === 'object' && !Array.isArray(inner))
      errors.push(...validateWords(inner, `${path}.${word}`))
  }
  for (const [key, inner] of Object.entries(schema.properties ?? {}))
    errors.push(...validateWords(inner, `${path}.properties[${key}]`))
  for (const word of ['allOf', 'anyOf', 'oneOf'] as const)
    for (const [i, inner] of (schema[word] ?? []).entries())
      errors.push(...validateWords(inner, `${path}.${word}[${i}]`))
  return errors
}

function validateOwnWords(schema: JsonSchemaProps, path: string): FieldError[] {
  const errors: FieldError[] = []
  const { type, uniqueItems, additionalProperties, properties, items } = schema
  if (uniqueItems)
    errors.push(
      forbiddenField(
        `${path}.uniqueItems`,
        'uniqueItems cannot be set to true since the runtime complexity becomes quadratic',
      ),
    )
  if (additionalProperties !== undefined) {
    if (properties && Object.keys(properties).length > 0 && additionalProperties !== false)
      errors.push(
        forbiddenField(
          `${path}.additionalProperties`,
          'additionalProperties and properties are mutual exclusive',
        ),
      )
    if (additionalProperties === false)
      errors.push(
        forbiddenField(`${path}.additionalProperties`, 'additionalProperties cannot be set to false'),
      )
  }
  if (Array.isArray(items))
    errors.push(forbiddenField(`${path}.items`, 'items must be a schema object and not an array'))
  for (const [word, text] of REFUSED)
    if (schema[word] !== undefined) errors.push(forbiddenField(`${path}.${word}`, text))
  if (type === 'null')
    errors.push(forbiddenField(`${path}.type`, 'type cannot be set to null, use nullable as an alternative'))
  else if (type && !TYPES.includes(type)) errors.push(notSupported(`${path}.type`, type, TYPES))
  if (type === 'array' && !items) errors.push(required(`${path}.items`, 'must be specified'))
  return [...errors, ...validatePatternWord(schema, path)]
}

function validatePatternWord({ pattern }: JsonSchemaProps, path: string): FieldError[] {
  if (!pattern) return []
  try {
    compilePattern(pattern)
    return []
  } catch (error) {
    const detail = `must be a valid regular expression, but isn't: ${(error as Error).message}`
    return [invalidValue(`${path}.pattern`, pattern, detail)]
  }
}

const COUNTS = ['maxLength', 'minLength', 'maxItems', 'minItems', 'maxProperties', 'minProperties'] as const

function validateNumbers(schema: JsonSchemaProps, path: string): FieldError[] {
  return COUNTS.filter(word => schema[word] !== undefined && schema[word] < 0).map(word =>
    invalidValue(`${path}.${word}`, schema[word], 'must be greater than or equal to 0'),
  )
}
