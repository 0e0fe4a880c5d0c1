import { type Definition, isReference, objectTypeOf, splitType } from '../definition.ts'
import type { SchemaSet } from '../schemas.ts'
import { ENUM_TEXTS } from '../tables/enum-texts.ts'
import { fieldDefault, itemDefault } from './default-value.ts'
import { PATCH } from './operations.ts'

/** A JSON schema as OpenAPI has it. */
export type JsonSchema = Record<string, unknown>

/** How one version of OpenAPI points to a definition, with the text of a field. */
export interface Dialect {
  reference(name: string): JsonSchema
  /** Defaults are told of: readers of v2 would take them for ones that they must fill in. */
  hasDefaults: boolean
  /** Schema of int-or-string. */
  intOrString: JsonSchema
}

export const v2: Dialect = {
  reference: name => ({ $ref: `#/definitions/${name}` }),
  hasDefaults: false,
  intOrString: { type: 'string', format: 'int-or-string' },
}

/** Siblings of `$ref` count for nothing in OpenAPI 3.0, hence allOf. */
export const v3: Dialect = {
  reference: name => ({ allOf: [{ $ref: `#/components/schemas/${name}` }] }),
  hasDefaults: true,
  intOrString: { format: 'int-or-string', oneOf: [{ type: 'integer' }, { type: 'string' }] },
}

/** Types that stand for themselves in our notation, and are definitions in upstream's documents. */
export const NAMED_SCALARS: Record<string, string> = {
  quantity: 'io.k8s.apimachinery.pkg.api.resource.Quantity',
  intOrString: 'io.k8s.apimachinery.pkg.util.intstr.IntOrString',
  time: 'io.k8s.apimachinery.pkg.apis.meta.v1.Time',
  microTime: 'io.k8s.apimachinery.pkg.apis.meta.v1.MicroTime',
}

/** Definitions that the models do not have. */
export function syntheticDefinitions({ intOrString }: Dialect): Record<string, JsonSchema> {
  return {
    [NAMED_SCALARS.quantity!]: {
      description:
        'A number with an optional suffix: decimal (n, u, m, k, M, G, T, P, E), binary (Ki, Mi, Gi, Ti, Pi, Ei) or an exponent (1e3).',
      type: 'string',
    },
    [NAMED_SCALARS.intOrString!]: {
      description: 'A number, or a string such as a percentage or a name.',
      ...intOrString,
    },
    [NAMED_SCALARS.time!]: { description: 'A time in RFC 3339.', type: 'string', format: 'date-time' },
    [NAMED_SCALARS.microTime!]: {
      description: 'A time in RFC 3339 with microseconds.',
      type: 'string',
      format: 'date-time',
    },
    [PATCH]: { description: 'The body of a PATCH request.', type: 'object' },
  }
}

const SCALARS: Record<string, JsonSchema> = {
  string: { type: 'string' },
  boolean: { type: 'boolean' },
  int32: { type: 'integer', format: 'int32' },
  int64: { type: 'integer', format: 'int64' },
  double: { type: 'number', format: 'double' },
  bytes: { type: 'string', format: 'byte' },
  any: { type: 'object' },
  json: {},
}

/** The schema of a type in our notation. */
export function typeSchema(type: string, dialect: Dialect, values?: readonly string[]): JsonSchema {
  const { container, inner } = splitType(type)
  if (container === '[]') return { type: 'array', items: itemSchema(inner, dialect, values) }
  if (container === '{}') return { type: 'object', additionalProperties: itemSchema(inner, dialect, values) }
  if (objectTypeOf(type)) return SCALARS.json!
  const name = isReference(type) ? type : NAMED_SCALARS[type]
  if (name) return dialect.reference(name)
  return values ? { ...SCALARS[type], enum: values } : SCALARS[type]!
}

function itemSchema(type: string, dialect: Dialect, values?: readonly string[]): JsonSchema {
  const value = dialect.hasDefaults ? itemDefault(type) : undefined
  const schema = typeSchema(type, dialect, values)
  return value === undefined ? bare(schema) : { ...schema, default: value }
}

/** A reference that nothing stands beside needs no allOf. */
function bare(schema: JsonSchema): JsonSchema {
  const { allOf } = schema as { allOf?: JsonSchema[] }
  return allOf && Object.keys(schema).length === 1 ? allOf[0]! : schema
}

/** The schema of a definition, with what `kubectl` reads from its extensions. */
export function definitionSchema(
  name: string,
  dialect: Dialect,
  schemas: SchemaSet,
  texts: Record<string, Record<string, string>>,
): JsonSchema {
  const definition = schemas.definitions[name]!
  const properties: Record<string, JsonSchema> = {}
  for (const [field, type] of Object.entries(definition.fields)) {
    const description = describe(texts[name]?.[field], definition, field, schemas)
    const value = dialect.hasDefaults ? fieldDefault(name, definition, field) : undefined
    properties[field] = bare({
      ...(description && { description }),
      ...typeSchema(type, dialect, enumValues(definition, field, schemas)),
      ...(value !== undefined && { default: value }),
      ...extensions(definition, field, type),
    })
  }
  return {
    ...(texts[name]?.[''] && { description: texts[name][''] }),
    type: 'object',
    ...(definition.required && { required: definition.required }),
    ...(Object.keys(properties).length > 0 && { properties }),
    ...(definition.atomic === true && { 'x-kubernetes-map-type': 'atomic' }),
    ...(definition.kinds && { 'x-kubernetes-group-version-kind': definition.kinds }),
  }
}

/** The text of a field, with the values that it may have. */
function describe(
  text: string | undefined,
  definition: Definition,
  field: string,
  schemas: SchemaSet,
): string | undefined {
  const values = enumValues(definition, field, schemas)
  if (!values || definition.fields[field] !== 'string') return text
  const meanings = ENUM_TEXTS[definition.enums![field]!] ?? {}
  const lines = values.map(value => ` - \`"${value}"\`${meanings[value] ? ` ${meanings[value]}` : ''}`)
  return `${text ? `${text}\n\n` : ''}Possible enum values:\n${lines.join('\n')}`
}

function enumValues({ enums }: Definition, field: string, schemas: SchemaSet): readonly string[] | undefined {
  const name = enums?.[field]
  const values = name === undefined ? undefined : schemas.enums[name]
  return values?.length ? values : undefined
}

function extensions(definition: Definition, field: string, type: string): JsonSchema {
  const patch = definition.patches?.[field]
  const list = definition.lists?.[field]
  const isAtomic = definition.atomic !== true && definition.atomic?.includes(field)
  return {
    ...(type.startsWith('[]') && listExtensions(list)),
    ...(isAtomic && { 'x-kubernetes-map-type': 'atomic' }),
    ...(definition.granular?.includes(field) && { 'x-kubernetes-map-type': 'granular' }),
    ...(patch?.key && { 'x-kubernetes-patch-merge-key': patch.key }),
    ...(patch && { 'x-kubernetes-patch-strategy': patch.strategy }),
  }
}

function listExtensions(list: readonly string[] | 'set' | undefined): JsonSchema {
  if (list === undefined || list === 'set') return { 'x-kubernetes-list-type': list ?? 'atomic' }
  return { 'x-kubernetes-list-map-keys': list, 'x-kubernetes-list-type': 'map' }
}
