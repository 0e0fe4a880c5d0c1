import type { JsonSchemaProps } from '../../../api/kinds/apiextensions.ts'
import type { FieldError } from '../../../api/meta/status.ts'
import { forbiddenField, invalidValue } from '../../../api/meta/status.ts'
import { cel, mentionsRules } from '../../cel/lazy.ts'
import { shownSchema } from './shown.ts'
import { NOTHING, type Tolerated } from './tolerated.ts'
import { validateDefaults } from './validate-defaults.ts'
import { validateStructure } from './validate-structure.ts'
import { validateWords } from './validate-words.ts'

export interface SchemaOptions {
  hasStatus: boolean
  tolerated?: Tolerated
}

/** All that is wrong with the schema of a version. */
export function validateSchema(
  schema: JsonSchemaProps,
  path: string,
  { hasStatus, tolerated = NOTHING }: SchemaOptions,
): FieldError[] {
  const unsupported = unsupportedWord(schema)
  const structure = unsupported ? [] : validateStructure(schema, path)
  const defaults = unsupported || structure.length > 0 ? [] : validateDefaults(schema, path, tolerated)
  const words = validateWords(schema, path, tolerated)
  const errors = [
    ...(hasStatus ? validateRoot(schema, path) : []),
    ...(schema.nullable ? [forbiddenField(`${path}.nullable`, 'nullable cannot be true at the root')] : []),
    ...structure,
    ...defaults,
    ...words,
  ]
  if (unsupported && errors.length === 0) return [invalidValue(path, '', unsupported)]
  // Rules are compiled by the types of the schema: it must be good before.
  if (unsupported || structure.length > 0 || defaults.length > 0 || !mentionsRules(schema)) return errors
  const wrong = words.map(({ field }) => field)
  return [...errors, ...cel().checkRules(schema, path, wrong)]
}

/** Words that nothing structural can have; their presence anywhere keeps all else of the structure from being looked at. */
const UNSUPPORTED = [
  'id',
  'schema',
  '$ref',
  'patternProperties',
  'dependencies',
  'additionalItems',
  'definitions',
]

/** Why a schema cannot be made structural; undefined where it can. */
function unsupportedWord(schema: JsonSchemaProps): string | undefined {
  const word = UNSUPPORTED.find(name => saysWord(schema, name))
  if (word) return `OpenAPIV3Schema '${word}' is not supported`
  const { items, properties = {}, additionalProperties, not, allOf = [], anyOf = [], oneOf = [] } = schema
  const logic = [...(not ? [not] : []), ...allOf, ...anyOf, ...oneOf]
  const own = firstOf(logic)
  if (own) return own
  const open = 'x-kubernetes-preserve-unknown-fields'
  if (schema[open] === false) return `internal error: '${open}' must be true or undefined`
  if (Array.isArray(items) && items.length > 0)
    return "OpenAPIV3Schema 'items' must be a schema, but is an array"
  const parts = [...Object.values(properties)]
  if (items && !Array.isArray(items)) parts.unshift(items)
  if (typeof additionalProperties === 'object') parts.push(additionalProperties)
  return firstOf(parts)
}

function firstOf(schemas: readonly JsonSchemaProps[]): string | undefined {
  for (const schema of schemas) {
    const word = unsupportedWord(schema)
    if (word) return word
  }
  return undefined
}

function saysWord(schema: JsonSchemaProps, name: string): boolean {
  const value = schema[(name === 'schema' ? '$schema' : name) as keyof JsonSchemaProps]
  if (name === 'additionalItems') return value !== undefined
  return typeof value === 'object' && value !== null ? Object.keys(value).length > 0 : Boolean(value)
}

/** With a status subresource the root may only say what concerns the whole object. */
const AT_ROOT = [
  'Description',
  'Type',
  'Format',
  'Title',
  'Maximum',
  'ExclusiveMaximum',
  'Minimum',
  'ExclusiveMinimum',
  'MaxLength',
  'MinLength',
  'Pattern',
  'MaxItems',
  'MinItems',
  'UniqueItems',
  'MultipleOf',
  'Required',
  'Items',
  'Properties',
  'ExternalDocs',
  'Example',
  'XPreserveUnknownFields',
  'XValidations',
]

/** The name of a word in Go. */
const goName = (word: string): string =>
  word.startsWith('x-kubernetes-')
    ? `X${word
        .slice('x-kubernetes-'.length)
        .split('-')
        .map(part => part[0]!.toUpperCase() + part.slice(1))
        .join('')}`
    : word[0]!.toUpperCase() + word.slice(1)

const isSaid = (value: unknown): boolean =>
  value !== undefined && value !== '' && value !== false && value !== null

function validateRoot(schema: JsonSchemaProps, path: string): FieldError[] {
  if (schema.type && schema.type !== 'object') {
    const detail = `only "object" is allowed as the type at the root of the schema if the status subresource is enabled`
    return [invalidValue(`${path}.type`, schema.type, detail)]
  }
  const isAllowed = Object.entries(schema).every(
    ([word, value]) => !isSaid(value) || AT_ROOT.includes(goName(word)),
  )
  if (isAllowed) return []
  const detail = `only [${AT_ROOT.join(' ')}] fields are allowed at the root of the schema if the status subresource is enabled`
  return [invalidValue(path, shownSchema(schema), detail)]
}
