import { isDeepStrictEqual } from 'node:util'
import type { JsonSchemaProps } from '../../../api/kinds/apiextensions.ts'
import { type FieldError, forbiddenField, invalidValue, required } from '../../../api/meta/status.ts'

type Level = 'root' | 'item' | 'field'

const MUST_HAVE_TYPE: Record<Level, string> = {
  root: 'must not be empty at the root',
  item: 'must not be empty for specified array items',
  field: 'must not be empty for specified object fields',
}

/** What makes a schema not structural: all parts of an object must be specified outside of the logical operators. */
export function validateStructure(schema: JsonSchemaProps, path: string): FieldError[] {
  return [...validateLevel(schema, path, 'root'), ...validateCompleteness(schema, path)]
}

function validateLevel(schema: JsonSchemaProps, path: string, level: Level): FieldError[] {
  const { items, properties = {}, additionalProperties } = schema
  return [
    ...(items && !Array.isArray(items) ? validateLevel(items, `${path}.items`, 'item') : []),
    ...Object.entries(properties).flatMap(([key, part]) =>
      validateLevel(part, `${path}.properties[${key}]`, 'field'),
    ),
    ...(typeof additionalProperties === 'object'
      ? validateLevel(additionalProperties, `${path}.additionalProperties`, 'field')
      : []),
    ...validateLogic(schema, path),
    ...validateType(schema, path, level),
    ...validateEmbedded(schema, path),
    ...(level === 'root' || schema['x-kubernetes-embedded-resource'] ? validateMetaFields(schema, path) : []),
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
  if (schema['x-kubernetes-int-or-string'] && type)
    return [invalidValue(place, type, 'must be empty if x-kubernetes-int-or-string is true')]
  if (!type && !isFree) return [required(place, MUST_HAVE_TYPE[level])]
  return level === 'root' && type && type !== 'object'
    ? [invalidValue(place, type, 'must be object at the root')]
    : []
}

function validateEmbedded(schema: JsonSchemaProps, path: string): FieldError[] {
  if (!schema['x-kubernetes-embedded-resource']) return []
  const errors: FieldError[] = []
  if (schema.additionalProperties)
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
function validateMetaFields({ properties = {} }: JsonSchemaProps, path: string): FieldError[] {
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
  const { type: _type, description: _description, properties: fields = {}, ...rest } = metadata
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

/** What may only be said outside of the logical operators. */
const OUTSIDE = ['type', 'title', 'description', 'default', 'nullable'] as const
const EXTENSIONS = [
  'x-kubernetes-preserve-unknown-fields',
  'x-kubernetes-embedded-resource',
  'x-kubernetes-int-or-string',
  'x-kubernetes-list-map-keys',
  'x-kubernetes-list-type',
  'x-kubernetes-map-type',
  'x-kubernetes-validations',
] as const

function validateNested(schema: JsonSchemaProps, path: string): FieldError[] {
  const { items, properties = {}, additionalProperties } = schema
  const errors = [...OUTSIDE, ...EXTENSIONS]
    .filter(word => schema[word])
    .map(word => forbiddenField(`${path}.${word}`, 'must be empty to be structural'))
  if (additionalProperties !== undefined)
    errors.push(forbiddenField(`${path}.additionalProperties`, 'must be undefined to be structural'))
  if (items && !Array.isArray(items)) errors.push(...validateNested(items, `${path}.items`))
  for (const [key, part] of Object.entries(properties))
    errors.push(...validateNested(part, `${path}.properties[${key}]`))
  if (properties.metadata)
    errors.push(forbiddenField(`${path}.properties[metadata]`, 'must not be specified in a nested context'))
  for (const word of ['allOf', 'anyOf', 'oneOf'] as const)
    for (const [i, part] of (schema[word] ?? []).entries())
      errors.push(...validateNested(part, `${path}.${word}[${i}]`))
  return schema.not ? [...errors, ...validateNested(schema.not, `${path}.not`)] : errors
}

/** What is spoken of inside logical operators must be specified outside of them. */
function validateCompleteness(schema: JsonSchemaProps, path: string): FieldError[] {
  const errors: FieldError[] = []
  for (const word of ['allOf', 'anyOf', 'oneOf'] as const)
    for (const [i, part] of (schema[word] ?? []).entries())
      errors.push(...completes(part, schema, `${path}.${word}[${i}]`, path))
  if (schema.not) errors.push(...completes(schema.not, schema, `${path}.not`, path))
  for (const [key, part] of Object.entries(schema.properties ?? {}))
    errors.push(...validateCompleteness(part, `${path}.properties[${key}]`))
  if (schema.items && !Array.isArray(schema.items))
    errors.push(...validateCompleteness(schema.items, `${path}.items`))
  if (typeof schema.additionalProperties === 'object')
    errors.push(...validateCompleteness(schema.additionalProperties, `${path}.additionalProperties`))
  return errors
}

function completes(
  nested: JsonSchemaProps,
  outer: JsonSchemaProps | undefined,
  nestedPath: string,
  path: string,
): FieldError[] {
  if (!outer) return [required(path, `because it is defined in ${nestedPath}`)]
  const errors: FieldError[] = []
  if (nested.items)
    errors.push(...completes(nested.items, outer.items, `${nestedPath}.items`, `${path}.items`))
  for (const [key, part] of Object.entries(nested.properties ?? {})) {
    const member =
      outer.properties?.[key] ??
      (typeof outer.additionalProperties === 'object' ? outer.additionalProperties : undefined)
    const isFree =
      !member && (outer.additionalProperties === true || outer['x-kubernetes-preserve-unknown-fields'])
    if (!isFree)
      errors.push(
        ...completes(part, member, `${nestedPath}.properties[${key}]`, `${path}.properties[${key}]`),
      )
  }
  for (const word of ['allOf', 'anyOf', 'oneOf'] as const)
    for (const [i, part] of (nested[word] ?? []).entries())
      errors.push(...completes(part, outer, `${nestedPath}.${word}[${i}]`, path))
  return nested.not ? [...errors, ...completes(nested.not, outer, `${nestedPath}.not`, path)] : errors
}
