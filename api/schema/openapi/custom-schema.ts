import type { JsonSchemaProps } from '../../kinds/apiextensions.ts'
import type { CustomDefinition } from '../custom.ts'
import type { Descriptions } from '../definition.ts'
import type { SchemaSet } from '../schemas.ts'
import { type Dialect, type JsonSchema, v2 } from './property-schema.ts'

const META = 'io.k8s.apimachinery.pkg.apis.meta.v1.'
/** A definition whose texts of the fields that all objects have are taken. */
const MODEL = 'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.CustomResourceDefinition'

/** Schemas of the custom resources and their lists, by name. */
export function customSchemas(
  { custom }: SchemaSet,
  dialect: Dialect,
  texts: Descriptions,
): Record<string, JsonSchema> {
  const found: Record<string, JsonSchema> = {}
  for (const [name, definition] of custom) {
    found[name] = objectSchema(definition, dialect, texts)
    found[`${name}List`] = listSchema(name, definition, dialect, texts)
  }
  return found
}

const versionKind = ({ group, version }: CustomDefinition, kind: string): object[] => [
  { group, kind, version },
]

function objectSchema(definition: CustomDefinition, dialect: Dialect, texts: Descriptions): JsonSchema {
  const { schema, kind } = definition
  const published = schema
    ? publish(schema, dialect, texts)
    : { type: 'object', 'x-kubernetes-preserve-unknown-fields': true }
  const isClosed = dialect === v2 && published['x-kubernetes-preserve-unknown-fields']
  return {
    ...published,
    ...(!isClosed && {
      properties: { ...typeFields(dialect, texts), ...(published.properties as object | undefined) },
    }),
    ...(schema?.properties?.metadata && { properties: withMetadata(published, dialect, texts) }),
    'x-kubernetes-group-version-kind': versionKind(definition, kind),
  }
}

/** What a schema says of metadata narrows it for validation; what is shown is the whole of it. */
function withMetadata({ properties }: JsonSchema, dialect: Dialect, texts: Descriptions): object {
  return { ...(properties as object), ...typeFields(dialect, texts) }
}

const typeFields = (dialect: Dialect, texts: Descriptions): Record<string, JsonSchema> => ({
  apiVersion: { description: texts[MODEL]?.apiVersion ?? '', type: 'string' },
  kind: { description: texts[MODEL]?.kind ?? '', type: 'string' },
  metadata: { description: texts[MODEL]?.metadata ?? '', ...dialect.reference(`${META}ObjectMeta`) },
})

function listSchema(
  name: string,
  definition: CustomDefinition,
  dialect: Dialect,
  texts: Descriptions,
): JsonSchema {
  const { apiVersion, kind } = typeFields(dialect, texts)
  return {
    description: `${definition.listKind} is a list of ${definition.kind}`,
    type: 'object',
    required: ['items'],
    properties: {
      apiVersion,
      items: { description: `List of ${definition.plural}.`, type: 'array', items: dialect.reference(name) },
      kind,
      metadata: { description: texts[MODEL]?.metadata ?? '', ...dialect.reference(`${META}ListMeta`) },
    },
    'x-kubernetes-group-version-kind': versionKind(definition, definition.listKind),
  }
}

/** Words of JSON Schema that OpenAPI v2 has not, or that its readers cannot take. */
const NOT_IN_V2 = ['nullable', 'oneOf', 'anyOf', 'allOf', 'not', 'x-kubernetes-validations'] as const

/** A structural schema as clients are shown it. */
function publish(schema: JsonSchemaProps, dialect: Dialect, texts: Descriptions): JsonSchema {
  if (dialect === v2 && isOpaque(schema)) return opaque(schema)
  const { properties, additionalProperties, items, ...rest } = schema
  const shown: JsonSchema = { ...rest }
  if (dialect === v2) for (const word of NOT_IN_V2) delete shown[word]
  const inner = (part: JsonSchemaProps): JsonSchema => publish(part, dialect, texts)
  const own = properties && Object.entries(properties).map(([key, part]) => [key, inner(part)])
  const embedded = schema['x-kubernetes-embedded-resource'] ? typeFields(dialect, texts) : {}
  if (own || schema['x-kubernetes-embedded-resource'])
    shown.properties = { ...Object.fromEntries(own ?? []), ...embedded }
  if (additionalProperties !== undefined)
    shown.additionalProperties =
      typeof additionalProperties === 'boolean' ? additionalProperties : inner(additionalProperties)
  if (items) shown.items = inner(items)
  return shown
}

/** Old clients would refuse what they are not told of: they are shown that anything may stand there. */
const isOpaque = (schema: JsonSchemaProps): boolean =>
  Boolean(
    schema['x-kubernetes-preserve-unknown-fields'] || schema['x-kubernetes-int-or-string'] || schema.nullable,
  )

function opaque({ type, description, ...schema }: JsonSchemaProps): JsonSchema {
  return {
    ...(description && { description }),
    ...(type && !schema.nullable && { type }),
    ...(schema['x-kubernetes-preserve-unknown-fields'] && { 'x-kubernetes-preserve-unknown-fields': true }),
    ...(schema['x-kubernetes-int-or-string'] && { 'x-kubernetes-int-or-string': true }),
  }
}
