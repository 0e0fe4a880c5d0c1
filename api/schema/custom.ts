import type { JsonSchemaProps } from '../kinds/apiextensions.ts'
import { isMap } from '../meta/patch/own.ts'
import { describeFieldError, invalidValue } from '../meta/status.ts'
import { DecodeError, type Decoder } from './decode.ts'
import { prune, valueSchema } from './structural/prune.ts'

/** The schema of one version of a custom resource. */
export interface CustomDefinition {
  group: string
  version: string
  kind: string
  listKind: string
  plural: string
  /** Structural. Without one nothing is known, and nothing is kept but what every object has. */
  schema: JsonSchemaProps | undefined
  /** Changes when the definition does. */
  stamp: string
}

const OBJECT_META = 'io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta'

/**
 * Checks and normalizes a custom resource in place: metadata is read as that of any object, and what the schema does not
 * specify is dropped. Types and values are the validation's to check.
 * @returns what strict validation objects to
 * @throws DecodeError when metadata has a wrong type
 */
export function decodeCustom(object: object, { schema }: CustomDefinition, decoder: Decoder): string[] {
  const faults = decodeMetadata(object as Record<string, unknown>, 'metadata', decoder)
  if (schema) decodeEmbedded(object, schema, '', decoder, faults)
  for (const path of prune(object, schema)) faults.push(`unknown field ${JSON.stringify(path)}`)
  return faults
}

function decodeMetadata(object: Record<string, unknown>, path: string, decoder: Decoder): string[] {
  if (object.metadata === undefined || object.metadata === null) return []
  const faults = decoder.decode(OBJECT_META, object.metadata)
  return faults.map(fault => fault.replace('unknown field "', `unknown field "${path}.`))
}

/** Objects inside the object have metadata too. */
function decodeEmbedded(
  value: unknown,
  schema: JsonSchemaProps | undefined,
  path: string,
  decoder: Decoder,
  faults: string[],
): void {
  if (!schema) return
  if (Array.isArray(value)) {
    for (const [i, item] of value.entries())
      decodeEmbedded(item, schema.items, `${path}[${i}]`, decoder, faults)
  } else if (isMap(value)) {
    const place = path ? `${path}.` : ''
    if (schema['x-kubernetes-embedded-resource']) faults.push(...decodeInner(value, place, decoder))
    for (const key of Object.keys(value)) {
      const isKnown = schema.properties && Object.hasOwn(schema.properties, key)
      const member = isKnown ? schema.properties![key] : valueSchema(schema)
      decodeEmbedded(value[key], member, `${place}${key}`, decoder, faults)
    }
  }
}

/** Type and metadata of an object inside the object. @throws DecodeError that names the field */
function decodeInner(value: Record<string, unknown>, place: string, decoder: Decoder): string[] {
  for (const word of ['apiVersion', 'kind'])
    if (value[word] !== undefined && typeof value[word] !== 'string')
      throw new DecodeError(describeFieldError(invalidValue(place + word, value[word], 'must be a string')))
  const { metadata } = value
  try {
    return decodeMetadata(value, `${place}metadata`, decoder)
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error
    throw new DecodeError(describeFieldError(invalidValue(`${place}metadata`, metadata, error.message)), {
      cause: error,
    })
  }
}
