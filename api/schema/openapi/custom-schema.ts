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
  const shown = { 'x-kubernetes-group-version-kind': versionKind(definition, kind) }
  // Properties would be all there may be for a reader of v2, even metadata's alone.
  if (!schema || (dialect === v2 && keepsUnknown(schema))) return { type: 'object', ...shown }
  const published = publish(schema, dialect, texts)
  // What a schema says of metadata narrows it for validation; what is shown is the whole of it.
  const properties = { ...(published.properties as object | undefined), ...typeFields(dialect, texts) }
  return { ...published, properties, ...shown }
}

const keepsUnknown = (schema: JsonSchemaProps): boolean =>
  schema['x-kubernetes-preserve-unknown-fields'] === true

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
  const { properties, additionalProperties, items, ...shown } = dialect === v2 ? forV2(schema) : schema
  const published: JsonSchema = { ...shown }
  const inner = (part: JsonSchemaProps): JsonSchema => publish(part, dialect, texts)
  const own = properties && Object.entries(properties).map(([key, part]) => [key, inner(part)])
  const embedded = schema['x-kubernetes-embedded-resource'] && !(dialect === v2 && keepsUnknown(schema))
  if (own || embedded)
    published.properties = { ...Object.fromEntries(own ?? []), ...(embedded && typeFields(dialect, texts)) }
  if (embedded) published.required = [...new Set([...(schema.required ?? []), 'kind', 'apiVersion'])]
  if (additionalProperties !== undefined)
    published.additionalProperties =
      typeof additionalProperties === 'boolean' ? additionalProperties : inner(additionalProperties)
  if (items) published.items = inner(items)
  return published
}

/**
 * The schema in the words of OpenAPI v2. Where more may stand than its words can say (null, unknown fields), old clients
 * would refuse what they are not told of: they are shown no type and no properties, which is to say anything.
 */
function forV2(schema: JsonSchemaProps): JsonSchemaProps {
  const shown = { ...schema }
  for (const word of NOT_IN_V2) delete shown[word]
  if (schema.nullable || keepsUnknown(schema)) {
    delete shown.items
    delete shown.properties
  }
  const isOpen = keepsUnknown(schema) && schema.type === 'object'
  if (schema.nullable || isOpen || (schema.type === 'array' && !shown.items)) delete shown.type
  if (schema.required) shown.required = requiredForV2(schema)
  if (!shown.required?.length) delete shown.required
  return shown
}

/** A client that knows no null would miss a required field that is null. */
function requiredForV2({ required = [], properties = {}, additionalProperties }: JsonSchemaProps): string[] {
  if (typeof additionalProperties === 'object' && additionalProperties.nullable) return []
  return required.filter(name => !properties[name]?.nullable)
}
