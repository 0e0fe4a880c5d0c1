import { isDeepStrictEqual } from 'node:util'
import type { JsonSchemaProps } from '../../../api/kinds/apiextensions.ts'
import {
  describeFieldError,
  type FieldError,
  forbiddenField,
  invalidValue,
  required,
} from '../../../api/meta/status.ts'
import { compilePattern } from '../../../api/schema/structural/pattern.ts'

type Level = 'root' | 'item' | 'field'

const MUST_HAVE_TYPE: Record<Level, string> = {
  root: 'must not be empty at the root',
  item: 'must not be empty for specified array items',
  field: 'must not be empty for specified object fields',
}

/** What makes a schema not structural: all parts of an object must be specified outside of the logical operators. */
export function validateStructure(schema: JsonSchemaProps, path: string): FieldError[] {
  return [...validateLevel(schema, path, 'root'), ...validateCompleteness(schema, path)].sort(byText)
}

/** Errors of one schema come in the order of their texts. */
const byText = (a: FieldError, b: FieldError): number =>
  describeFieldError(a) < describeFieldError(b) ? -1 : 1

function validateLevel(schema: JsonSchemaProps, path: string, level: Level): FieldError[] {
  const { type, items, properties = {}, additionalProperties } = schema
  const isOpenRoot = level === 'root' && additionalProperties !== undefined
  return [
    ...(type === 'array' && !items ? [required(`${path}.items`, 'must be specified')] : []),
    ...(isOpenRoot ? [forbiddenField(`${path}.additionalProperties`, 'must not be used at the root')] : []),
    ...(items && !Array.isArray(items) ? validateLevel(items, `${path}.items`, 'item') : []),
    ...Object.entries(properties).flatMap(([key, part]) =>
      validateLevel(part, `${path}.properties[${key}]`, 'field'),
    ),
    ...(typeof additionalProperties === 'object'
      ? validateLevel(additionalProperties, `${path}.additionalProperties`, 'field')
      : []),
    ...validateExtensions(schema, path),
    ...validateLogic(schema, path),
    ...validatePattern(schema, path),
    ...validateType(schema, path, level),
    ...validateEmbedded(schema, path),
    ...(level === 'root' || schema['x-kubernetes-embedded-resource']
      ? validateMetaFields(schema, path, level)
      : []),
  ]
}

function validateType(schema: JsonSchemaProps, path: string, level: Level): FieldError[] {
  const { type } = schema
  const place = `${path}.type`
  const isFree = schema['x-kubernetes-int-or-string'] || schema['x-kubernetes-preserve-unknown-fields']
  if (schema['x-kubernetes-embedded-resource'] && type !== 'object') {
    const detail = 'must be object if x-kubernetes-embedded-resource is true'
    return [type ? invalidValue(place, type, detail) : required(place, detail)]
  }
  if (!type && !isFree) return [required(place, MUST_HAVE_TYPE[level])]
  return level === 'root' && type && type !== 'object'
    ? [invalidValue(place, type, 'must be object at the root')]
    : []
}

/** An integer or a text is no object. */
function validateExtensions(schema: JsonSchemaProps, path: string): FieldError[] {
  if (!schema['x-kubernetes-int-or-string']) return []
  return (['x-kubernetes-preserve-unknown-fields', 'x-kubernetes-embedded-resource'] as const)
    .filter(word => schema[word])
    .map(word => invalidValue(`${path}.${word}`, true, 'must be false if x-kubernetes-int-or-string is true'))
}

function validatePattern({ pattern }: JsonSchemaProps, path: string): FieldError[] {
  if (!pattern) return []
  try {
    compilePattern(pattern)
    return []
  } catch (error) {
    const detail = `must be a valid regular expression, but isn't: ${(error as Error).message}`
    return [invalidValue(`${path}.pattern`, pattern, detail)]
  }
}

function validateEmbedded(schema: JsonSchemaProps, path: string): FieldError[] {
  if (!schema['x-kubernetes-embedded-resource']) return []
  const errors: FieldError[] = []
  if (schema.additionalProperties !== undefined)
    errors.push(
      forbiddenField(
        `${path}.additionalProperties`,
        'must not be used if x-kubernetes-embedded-resource is set',
      ),
    )
  const isOpen =
    schema['x-kubernetes-preserve-unknown-fields'] || Object.keys(schema.properties ?? {}).length > 0
  if (!isOpen)
    errors.push(
      required(
        `${path}.properties`,
        'must not be empty if x-kubernetes-embedded-resource is true without x-kubernetes-preserve-unknown-fields',
      ),
    )
  return errors
}

/** apiVersion, kind and metadata are every object's own: of metadata only the names may be narrowed. */
function validateMetaFields({ properties = {} }: JsonSchemaProps, path: string, level: Level): FieldError[] {
  const errors: FieldError[] = []
  for (const key of ['kind', 'apiVersion'] as const) {
    const { type } = properties[key] ?? { type: 'string' }
    if (type !== 'string')
      errors.push(invalidValue(`${path}.properties[${key}].type`, type ?? '', 'must be string'))
  }
  const { metadata } = properties
  if (!metadata) return errors
  const place = `${path}.properties[metadata]`
  if (metadata.type !== 'object')
    errors.push(invalidValue(`${place}.type`, metadata.type ?? '', 'must be object'))
  if (level !== 'root') return errors
  const { type: _type, default: _default, properties: fields = {}, ...rest } = metadata
  const others = Object.keys(fields).filter(key => key !== 'name' && key !== 'generateName')
  if (others.length > 0 || Object.keys(rest).length > 0)
    errors.push(
      forbiddenField(
        place,
        'must not specify anything other than name and generateName, but metadata is implicitly specified',
      ),
    )
  return errors
}

/** `anyOf: [{type: integer}, {type: string}]`, which int-or-string fields may say. */
const INT_OR_STRING = [{ type: 'integer' }, { type: 'string' }]

const isIntOrString = (schemas: readonly JsonSchemaProps[] | undefined): boolean =>
  isDeepStrictEqual(schemas, INT_OR_STRING)

function validateLogic(schema: JsonSchemaProps, path: string): FieldError[] {
  const isSpecial = schema['x-kubernetes-int-or-string']
  const errors: FieldError[] = []
  for (const word of ['allOf', 'anyOf', 'oneOf'] as const) {
    if (word === 'anyOf' && isSpecial && isIntOrString(schema.anyOf)) continue
    for (const [i, part] of (schema[word] ?? []).entries()) {
      if (word === 'allOf' && i === 0 && isSpecial && isIntOrString(part.anyOf)) continue
      errors.push(...validateNested(part, `${path}.${word}[${i}]`))
    }
  }
  return schema.not ? [...errors, ...validateNested(schema.not, `${path}.not`)] : errors
}

/** What may only be said outside of the logical operators, and what it must be inside of them. */
const OUTSIDE = {
  type: 'empty',
  title: 'empty',
  description: 'empty',
  default: 'undefined',
  nullable: 'false',
  'x-kubernetes-preserve-unknown-fields': 'false',
  'x-kubernetes-embedded-resource': 'false',
  'x-kubernetes-int-or-string': 'false',
  'x-kubernetes-list-map-keys': 'empty',
  'x-kubernetes-list-type': 'undefined',
  'x-kubernetes-map-type': 'undefined',
  'x-kubernetes-validations': 'empty',
} as const

const isSaid = (value: unknown): boolean => (Array.isArray(value) ? value.length > 0 : Boolean(value))

function validateNested(schema: JsonSchemaProps, path: string): FieldError[] {
  const { items, properties = {}, additionalProperties } = schema
  const errors = Object.entries(OUTSIDE)
    .filter(([word]) => (word === 'default' ? schema.default !== undefined : isSaid(schema[word as 'type'])))
    .map(([word, must]) => forbiddenField(`${path}.${word}`, `must be ${must} to be structural`))
  if (additionalProperties)
    errors.push(forbiddenField(`${path}.additionalProperties`, 'must be undefined to be structural'))
  if (items && !Array.isArray(items)) errors.push(...validateNested(items, `${path}.items`))
  for (const [key, part] of Object.entries(properties))
    errors.push(...validateNested(part, `${path}.properties[${key}]`))
  if (properties.metadata)
    errors.push(forbiddenField(`${path}.properties[metadata]`, 'must not be specified in a nested context'))
  for (const word of ['allOf', 'anyOf', 'oneOf'] as const)
    for (const [i, part] of (schema[word] ?? []).entries())
      errors.push(...validateNested(part, `${path}.${word}[${i}]`))
  errors.push(...validatePattern(schema, path))
  return schema.not ? [...errors, ...validateNested(schema.not, `${path}.not`)] : errors
}

/** What the root speaks of inside logical operators must be specified outside of them. */
function validateCompleteness(schema: JsonSchemaProps, path: string): FieldError[] {
  return completesLogic(schema, schema, path, path)
}

function completesLogic(
  nested: JsonSchemaProps,
  outer: JsonSchemaProps,
  nestedPath: string,
  path: string,
): FieldError[] {
  const errors = nested.not ? completes(nested.not, outer, `${nestedPath}.not`, path) : []
  for (const word of ['allOf', 'anyOf', 'oneOf'] as const)
    for (const [i, part] of (nested[word] ?? []).entries())
      errors.push(...completes(part, outer, `${nestedPath}.${word}[${i}]`, path))
  return errors
}

function completes(
  nested: JsonSchemaProps,
  outer: JsonSchemaProps | undefined,
  nestedPath: string,
  path: string,
): FieldError[] {
  if (!outer) return [required(path, `because it is defined in ${nestedPath}`)]
  const errors = completesLogic(nested, outer, nestedPath, path)
  if (nested.items)
    errors.push(...completes(nested.items, outer.items, `${nestedPath}.items`, `${path}.items`))
  for (const [key, part] of Object.entries(nested.properties ?? {})) {
    const place = `.properties[${key}]`
    errors.push(...completes(part, outer.properties?.[key], `${nestedPath}${place}`, `${path}${place}`))
  }
  return errors
}
