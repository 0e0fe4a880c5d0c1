import type { JsonSchemaProps } from '../../../api/kinds/apiextensions.ts'
import type { FieldError } from '../../../api/meta/status.ts'
import { forbiddenField, invalidValue } from '../../../api/meta/status.ts'
import { cel, mentionsRules } from '../../cel/lazy.ts'
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
  const structure = validateStructure(schema, path)
  const errors = [
    ...(hasStatus ? validateRoot(schema, path) : []),
    ...(schema.nullable ? [forbiddenField(`${path}.nullable`, 'nullable cannot be true at the root')] : []),
    ...structure,
    ...(structure.length > 0 ? [] : validateDefaults(schema, path, tolerated)),
    ...validateWords(schema, path, tolerated),
  ]
  // Rules are compiled by the types of the schema: it must be good before.
  if (errors.length > 0 || !mentionsRules(schema)) return errors
  return cel().checkRules(schema, path)
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
  return [invalidValue(path, schema, detail)]
}
