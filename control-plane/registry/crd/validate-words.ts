import type { JsonSchemaProps } from '../../../api/kinds/apiextensions.ts'
import { type FieldError, forbiddenField, notSupported } from '../../../api/meta/status.ts'
import { checkRuleTexts } from '../../cel/rule-texts.ts'
import type { Tolerated } from './tolerated.ts'
import { validateListAndMapTypes } from './validate-list-types.ts'

/** Types that a schema may have. */
export const TYPES = ['array', 'boolean', 'integer', 'number', 'object', 'string']

/** Words of JSON Schema that are not taken. */
const REFUSED: readonly (keyof JsonSchemaProps)[] = [
  'id',
  'additionalItems',
  'patternProperties',
  'definitions',
  'dependencies',
  '$ref',
]

/** Where in a schema a part of it stands. */
interface Place {
  isRoot: boolean
  /** Inside of what every object has: its kind and its metadata. */
  isMeta: boolean
  /** Why there may be no defaults. */
  noDefaults: string | undefined
}

const META = new Set(['metadata', 'kind', 'apiVersion'])

/** What is wrong with the words of a schema, each for itself, at all depths. */
export function validateWords(schema: JsonSchemaProps, path: string, tolerated: Tolerated): FieldError[] {
  return visit(schema, path, { isRoot: true, isMeta: false, noDefaults: undefined }, tolerated)
}

function visit(schema: JsonSchemaProps, path: string, place: Place, tolerated: Tolerated): FieldError[] {
  const { items, additionalProperties, not, properties = {} } = schema
  const inner = { ...place, isRoot: false }
  const errors = validateOwnWords(schema, path, place, tolerated)
  const enter = (part: unknown, name: string, at: Place): void => {
    if (typeof part === 'object' && part !== null && !Array.isArray(part))
      errors.push(...visit(part, `${path}.${name}`, at, tolerated))
  }
  const noDefaults = place.isMeta
    ? 'inside additionalProperties applying to object metadata'
    : place.noDefaults
  enter(additionalProperties, 'additionalProperties', { ...inner, noDefaults })
  for (const [key, part] of Object.entries(properties))
    enter(part, `properties[${key}]`, propertyPlace(schema, key, place))
  enter(not, 'not', inner)
  for (const word of ['allOf', 'oneOf', 'anyOf'] as const)
    for (const [i, part] of (schema[word] ?? []).entries()) enter(part, `${word}[${i}]`, inner)
  for (const [key, part] of Object.entries(schema.definitions ?? {}))
    enter(part, `definitions[${key}]`, inner)
  if (Array.isArray(items)) for (const [i, part] of items.entries()) enter(part, `items[${i}]`, inner)
  else enter(items, 'items', inner)
  for (const [key, part] of Object.entries(schema.dependencies ?? {}))
    enter(part, `dependencies[${key}]`, inner)
  const rules = schema['x-kubernetes-validations'] ?? []
  return [
    ...errors,
    ...validateListAndMapTypes(schema, path, tolerated),
    ...rules.flatMap((rule, i) => checkRuleTexts(rule, schema, `${path}.x-kubernetes-validations[${i}]`)),
  ]
}

function propertyPlace(schema: JsonSchemaProps, key: string, place: Place): Place {
  const isMeta = META.has(key) && (place.isRoot || schema['x-kubernetes-embedded-resource'] === true)
  if (!isMeta) return { ...place, isRoot: false }
  return { isRoot: false, isMeta, noDefaults: place.isRoot ? `in top-level ${key}` : place.noDefaults }
}

function validateOwnWords(
  schema: JsonSchemaProps,
  path: string,
  { isMeta, noDefaults }: Place,
  tolerated: Tolerated,
): FieldError[] {
  const errors: FieldError[] = []
  const refuse = (word: string, detail: string): void =>
    void errors.push(forbiddenField(`${path}.${word}`, detail))
  const { type, uniqueItems, additionalProperties, properties, items } = schema
  if (type && !TYPES.includes(type) && !tolerated.has('types'))
    errors.push(notSupported(`${path}.type`, type, TYPES))
  if (schema.default !== undefined && noDefaults) refuse('default', `must not be set ${noDefaults}`)
  for (const word of REFUSED) if (schema[word] !== undefined) refuse(word, `${word} is not supported`)
  if (type === 'null') refuse('type', 'type cannot be set to null, use nullable as an alternative')
  if (Array.isArray(items)) refuse('items', 'items must be a schema object and not an array')
  if (isMeta && schema['x-kubernetes-embedded-resource'])
    refuse('x-kubernetes-embedded-resource', 'must not be used inside of resource meta')
  if (uniqueItems)
    refuse('uniqueItems', 'uniqueItems cannot be set to true since the runtime complexity becomes quadratic')
  if (
    additionalProperties !== undefined &&
    additionalProperties !== true &&
    Object.keys(properties ?? {}).length > 0
  )
    refuse('additionalProperties', 'additionalProperties and properties are mutual exclusive')
  return errors
}
