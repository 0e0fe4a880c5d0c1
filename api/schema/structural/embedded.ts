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
  const errors: FieldError[] = []
  if (!apiVersion) errors.push(required(`${path}.apiVersion`, ''))
  else if (typeof apiVersion !== 'string' || apiVersion.split('/').length > 2)
    errors.push(
      invalidValue(`${path}.apiVersion`, apiVersion, `unexpected GroupVersion string: ${String(apiVersion)}`),
    )
  if (!kind) errors.push(required(`${path}.kind`, ''))
  else
    for (const fault of isDns1035Label(String(kind).toLowerCase()))
      errors.push(
        invalidValue(`${path}.kind`, kind, `may have mixed case, but should otherwise match: ${fault}`),
      )
  const name = isMap(metadata) ? metadata.name : undefined
  if (typeof name === 'string' && name !== '')
    for (const fault of isDns1123Subdomain(name))
      errors.push(invalidValue(`${path}.metadata.name`, name, fault))
  return errors
}
