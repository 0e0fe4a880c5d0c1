import type { JsonSchemaProps } from '../../kinds/apiextensions.ts'
import { isMap } from '../../meta/patch/own.ts'
import { type FieldError, invalidValue, required } from '../../meta/status.ts'
import { isDns1035Label, isDns1123Subdomain } from '../../meta/validation.ts'
import { valueSchema } from './prune.ts'
import { join } from './validate.ts'

/** What is wrong with the type and metadata of objects inside an object (`x-kubernetes-embedded-resource`). */
export function validateEmbedded(
  value: unknown,
  schema: JsonSchemaProps | undefined,
  path = '',
): FieldError[] {
  if (!schema) return []
  if (Array.isArray(value))
    return value.flatMap((item, i) => validateEmbedded(item, schema.items, `${path}[${i}]`))
  if (!isMap(value)) return []
  const errors = schema['x-kubernetes-embedded-resource'] ? validateObject(value, path) : []
  for (const [key, member] of Object.entries(value)) {
    const isKnown = schema.properties && Object.hasOwn(schema.properties, key)
    const next = isKnown ? schema.properties![key] : valueSchema(schema)
    errors.push(...validateEmbedded(member, next, join(path, key)))
  }
  return errors
}

function validateObject({ apiVersion, kind, metadata }: Record<string, unknown>, path: string): FieldError[] {
  const errors: FieldError[] = [
    ...validateWord(`${path}.apiVersion`, apiVersion, versionFault),
    ...validateWord(`${path}.kind`, kind, kindFault),
  ]
  const name = isMap(metadata) ? metadata.name : undefined
  if (typeof name === 'string' && name !== '')
    for (const fault of isDns1123Subdomain(name))
      errors.push(invalidValue(`${path}.metadata.name`, name, fault))
  return errors
}

function validateWord(
  path: string,
  value: unknown,
  faultOf: (text: string) => string | undefined,
): FieldError[] {
  if (value === undefined) return [required(path, '')]
  const fault =
    typeof value !== 'string' ? 'must be a string' : value === '' ? 'must not be empty' : faultOf(value)
  return fault ? [invalidValue(path, value, fault)] : []
}

const versionFault = (text: string): string | undefined =>
  text.split('/').length > 2 ? `unexpected GroupVersion string: ${text}` : undefined

function kindFault(text: string): string | undefined {
  const faults = isDns1035Label(text.toLowerCase())
  return faults.length > 0
    ? `may have mixed case, but should otherwise match: ${faults.join(',')}`
    : undefined
}
