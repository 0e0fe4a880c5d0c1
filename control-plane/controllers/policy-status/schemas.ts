import type { CustomResourceDefinition, JsonSchemaProps } from '../../../api/kinds/apiextensions.ts'
import { builtinKinds } from '../../../api/kinds/builtin.ts'
import { apiVersion, type KindDeclaration } from '../../../api/kinds/kind.ts'
import { type Definition, isReference, objectTypeOf, splitType } from '../../../api/schema/definition.ts'
import { loadSchemas } from '../../../api/schema/schemas.ts'

/** A kind that expressions may speak of, with what is known of its objects. */
export interface CheckedKind {
  group: string
  version: string
  kind: string
  schema: JsonSchemaProps
}

type Definitions = Readonly<Record<string, Definition>>

const STRING: JsonSchemaProps = { type: 'string' }
/** Of which nothing is known. */
const ANY: JsonSchemaProps = { 'x-kubernetes-int-or-string': true }
const OBJECT_META = 'io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta'

const SCALARS: Record<string, JsonSchemaProps> = {
  string: STRING,
  boolean: { type: 'boolean' },
  int32: { type: 'integer' },
  int64: { type: 'integer' },
  double: { type: 'number' },
  bytes: { type: 'string', format: 'byte' },
  time: { type: 'string', format: 'date-time' },
  microTime: { type: 'string', format: 'date-time' },
  quantity: STRING,
}

/** Schemas of kinds, built in or custom. */
export class KindSchemas {
  readonly #definitions: () => readonly CustomResourceDefinition[]
  readonly #made = new Map<string, JsonSchemaProps>()

  /** @param definitions the CustomResourceDefinitions there are */
  constructor(definitions: () => readonly CustomResourceDefinition[]) {
    this.#definitions = definitions
  }

  /** The kind of a resource; undefined where none is served. */
  ofResource(group: string, version: string, plural: string): CheckedKind | undefined {
    const builtin = builtinKinds.find(
      kind => kind.group === group && kind.version === version && kind.plural === plural,
    )
    if (builtin) return this.#builtin(builtin)
    const custom = this.#definitions().find(
      ({ spec }) => spec.group === group && spec.names.plural === plural,
    )
    return custom && this.#custom(custom, version)
  }

  /** A kind by its name; undefined where none is served. */
  ofKind(version: string, name: string): CheckedKind | undefined {
    const builtin = builtinKinds.find(kind => kind.kind === name && apiVersion(kind) === version)
    if (builtin) return this.#builtin(builtin)
    const custom = this.#definitions().find(
      ({ spec }) => spec.names.kind === name && version.startsWith(`${spec.group}/`),
    )
    return custom && this.#custom(custom, version.split('/')[1]!)
  }

  #builtin({ group, version, kind, schema }: KindDeclaration<any>): CheckedKind {
    return { group, version, kind, schema: this.#definition(schema) }
  }

  #custom({ spec }: CustomResourceDefinition, version: string): CheckedKind | undefined {
    const schema = spec.versions.find(({ name, served }) => served && name === version)?.schema
      ?.openAPIV3Schema
    if (!schema) return undefined
    const own = { apiVersion: STRING, kind: STRING, metadata: this.#definition(OBJECT_META) }
    const whole = { ...schema, properties: { ...schema.properties, ...own } }
    return { group: spec.group, version, kind: spec.names.kind, schema: whole }
  }

  #definition(name: string): JsonSchemaProps {
    const known = this.#made.get(name)
    if (known) return known
    const made = schemaOf(loadSchemas().definitions, name, [])
    this.#made.set(name, made)
    return made
  }
}

/** A definition as a schema. What is inside of itself is anything. */
function schemaOf(definitions: Definitions, name: string, around: readonly string[]): JsonSchemaProps {
  const definition = definitions[name]
  if (!definition || around.includes(name)) return ANY
  const inside = [...around, name]
  const properties = Object.entries(definition.fields).map(([field, type]) => [
    field,
    typeSchema(definitions, type, inside),
  ])
  return { type: 'object', properties: Object.fromEntries(properties) }
}

function typeSchema(definitions: Definitions, type: string, around: readonly string[]): JsonSchemaProps {
  const { container, inner } = splitType(type)
  if (container === '[]') return { type: 'array', items: typeSchema(definitions, inner, around) }
  if (container === '{}')
    return { type: 'object', additionalProperties: typeSchema(definitions, inner, around) }
  const name = objectTypeOf(type) ?? type
  return isReference(name) ? schemaOf(definitions, name, around) : (SCALARS[name] ?? ANY)
}
