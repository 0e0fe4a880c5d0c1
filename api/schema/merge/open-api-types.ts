import {
  ANY_SCALAR,
  DEDUCED,
  type Field,
  field,
  type ListKey,
  type MapType,
  type MergeType,
  mapOf,
} from './merge-type.ts'

/** What of an OpenAPI v3 schema says how its values are merged; JSONSchemaProps of a CustomResourceDefinition are such. */
export interface OpenApiSchema {
  type?: string
  properties?: Readonly<Record<string, OpenApiSchema>>
  additionalProperties?: OpenApiSchema | boolean
  items?: unknown
  default?: unknown
  'x-kubernetes-int-or-string'?: boolean
  'x-kubernetes-preserve-unknown-fields'?: boolean
  'x-kubernetes-embedded-resource'?: boolean
  'x-kubernetes-list-type'?: string
  'x-kubernetes-list-map-keys'?: readonly string[]
  'x-kubernetes-map-type'?: string
}

/**
 * The merge type of objects that a structural schema describes.
 * @param metadata that of `metadata`, which no schema of a custom resource describes
 */
export function openApiType(schema: OpenApiSchema | undefined, metadata: MergeType): MapType {
  return embedded(schema ?? { 'x-kubernetes-preserve-unknown-fields': true }, metadata)
}

/** An object with apiVersion, kind and metadata, the resource itself or one inside it. */
function embedded(schema: OpenApiSchema, metadata: MergeType): MapType {
  const { fields, element } = objectType(schema, metadata)
  const own: [string, Field][] = [
    field('apiVersion', { kind: 'scalar', of: 'string' }),
    field('kind', { kind: 'scalar', of: 'string' }),
    field('metadata', metadata, {}),
  ]
  return { kind: 'map', fields: new Map([...fields, ...own]), ...(element && { element }) }
}

function typeOf(schema: OpenApiSchema, metadata: MergeType): MergeType {
  if (schema['x-kubernetes-int-or-string']) return ANY_SCALAR
  switch (schema.type) {
    case 'object': {
      const type = schema['x-kubernetes-embedded-resource']
        ? embedded(schema, metadata)
        : objectType(schema, metadata)
      return schema['x-kubernetes-map-type'] === 'atomic' ? { kind: 'atomic', of: 'map', inner: type } : type
    }
    case 'array':
      return listType(schema, metadata)
    case 'string':
    case 'boolean':
      return { kind: 'scalar', of: schema.type }
    case 'integer':
    case 'number':
      return { kind: 'scalar', of: 'number' }
    default:
      return DEDUCED
  }
}

function objectType(schema: OpenApiSchema, metadata: MergeType): MapType {
  const { properties, additionalProperties } = schema
  const keepsUnknown = schema['x-kubernetes-preserve-unknown-fields'] || additionalProperties === true
  if (typeof additionalProperties === 'object') return mapOf(typeOf(additionalProperties, metadata))
  const fields = Object.entries(properties ?? {}).map(([name, property]) =>
    field(name, typeOf(property, metadata)),
  )
  return { kind: 'map', fields: new Map(fields), ...(keepsUnknown && { element: DEDUCED }) }
}

/** Lists are atomic unless their schema says otherwise. */
function listType(schema: OpenApiSchema, metadata: MergeType): MergeType {
  const items = (schema.items ?? {}) as OpenApiSchema
  switch (schema['x-kubernetes-list-type']) {
    case 'set':
      return { kind: 'set' }
    case 'map':
      return { kind: 'keyed', keys: listKeys(schema, items), element: typeOf(items, metadata) }
    default:
      return { kind: 'atomic', of: 'list', inner: typeOf(items, metadata) }
  }
}

function listKeys(schema: OpenApiSchema, items: OpenApiSchema): ListKey[] {
  const keys = [...(schema['x-kubernetes-list-map-keys'] ?? [])].sort()
  return keys.map(name => ({ name, default: items.properties?.[name]?.default }))
}
