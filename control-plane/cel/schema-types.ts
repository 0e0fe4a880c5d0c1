import type { Environment } from '@marcbachmann/cel-js'
import type { JsonSchemaProps } from '../../api/kinds/apiextensions.ts'
import { isMap } from '../../api/meta/patch/own.ts'
import { parseDuration } from './durations.ts'
import { createEnvironment } from './environment.ts'
import { isSame } from './functions/lists.ts'

/** How values of one schema look to an expression. */
export interface CelType {
  /** Name in CEL's notation. */
  name: string
  /** Turns a JSON value into what the expression works with; undefined where there is none. */
  convert(value: unknown): unknown
}

/** Words that cannot be names in an expression. */
const RESERVED = new Set(
  'true false null in as break const continue else for function if import let loop package namespace return var void while'.split(
    ' ',
  ),
)

/** The name of a property in an expression; undefined when it cannot have one. */
export function escapeName(name: string): string | undefined {
  if (RESERVED.has(name)) return `__${name}__`
  if (!/^[A-Za-z_.\-/][A-Za-z0-9_.\-/]*$/.test(name)) return undefined
  return name
    .replaceAll('__', '__underscores__')
    .replaceAll('.', '__dot__')
    .replaceAll('-', '__dash__')
    .replaceAll('/', '__slash__')
}

const DYN: CelType = { name: 'dyn', convert: dynamic }

/** What a value without schema is to an expression. */
function dynamic(value: unknown): unknown {
  if (value === null || value === undefined) return undefined
  if (typeof value === 'number') return Number.isInteger(value) ? BigInt(value) : value
  if (Array.isArray(value)) return value.map(dynamic)
  if (isMap(value)) return new Map(Object.entries(value).map(([key, member]) => [key, dynamic(member)]))
  return value
}

/** The types of one schema and of all that is inside it, in an environment that knows them. */
export class SchemaTypes {
  readonly environment: Environment = createEnvironment()
  #types = new Map<JsonSchemaProps, CelType | undefined>()
  #count = 0

  /** The type of a schema; undefined when expressions cannot speak of its values. `isRoot`: it has the fields of all objects. */
  typeOf(schema: JsonSchemaProps, isRoot = false): CelType | undefined {
    if (!this.#types.has(schema)) this.#types.set(schema, this.#make(schema, isRoot))
    return this.#types.get(schema)
  }

  #make(schema: JsonSchemaProps, isRoot: boolean): CelType | undefined {
    if (schema['x-kubernetes-int-or-string']) return DYN
    switch (schema.type) {
      case 'array':
        return this.#list(schema)
      case 'object':
        return this.#object(schema, isRoot)
      case 'string':
        return stringType(schema)
      case 'boolean':
        return { name: 'bool', convert: value => (typeof value === 'boolean' ? value : undefined) }
      case 'integer':
        return {
          name: 'int',
          convert: value => (Number.isInteger(value) ? BigInt(value as number) : undefined),
        }
      case 'number':
        return { name: 'double', convert: value => (typeof value === 'number' ? value : undefined) }
      default:
        return undefined
    }
  }

  #list({ items }: JsonSchemaProps): CelType | undefined {
    const item = items && this.typeOf(items)
    if (!item) return undefined
    const convert = (value: unknown) =>
      Array.isArray(value) ? value.map(one => item.convert(one)) : undefined
    return { name: `list<${item.name}>`, convert }
  }

  #object(schema: JsonSchemaProps, isRoot: boolean): CelType | undefined {
    const { additionalProperties } = schema
    if (additionalProperties) {
      const member = typeof additionalProperties === 'object' ? this.typeOf(additionalProperties) : DYN
      return member && mapType(member)
    }
    return this.#message(propertiesOf(schema, isRoot))
  }

  #message(properties: Record<string, JsonSchemaProps>): CelType {
    const name = `Object${++this.#count}`
    const Message = { [name]: class {} }[name]! as new () => Record<string, unknown>
    const members = Object.entries(properties).flatMap(([key, schema]) => {
      const escaped = escapeName(key)
      const type = this.typeOf(schema)
      return escaped && type ? [{ key, escaped, type }] : []
    })
    const fields = Object.fromEntries(members.map(({ escaped, type }) => [escaped, type.name]))
    this.environment.registerType(name, { ctor: Message, fields } as never)
    this.environment.registerOperator(`${name} == ${name}`, isSame as never)
    const convert = (value: unknown): unknown => {
      if (!isMap(value)) return undefined
      const message = new Message()
      for (const { key, escaped, type } of members) {
        const member = type.convert(value[key])
        if (member !== undefined) message[escaped] = member
      }
      return message
    }
    return { name, convert }
  }
}

const STRING: JsonSchemaProps = { type: 'string' }
const NAMES: JsonSchemaProps = { type: 'object', properties: { name: STRING, generateName: STRING } }

/** Every object has a type and a name, whatever its schema says. */
function propertiesOf(schema: JsonSchemaProps, isRoot: boolean): Record<string, JsonSchemaProps> {
  const own = schema.properties ?? {}
  if (!isRoot && !schema['x-kubernetes-embedded-resource']) return own
  return { ...own, apiVersion: STRING, kind: STRING, metadata: NAMES }
}

function mapType(member: CelType): CelType {
  return {
    name: `map<string, ${member.name}>`,
    convert: value =>
      isMap(value)
        ? new Map(Object.entries(value).map(([key, one]) => [key, member.convert(one)]))
        : undefined,
  }
}

const asString = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined)

function stringType({ format }: JsonSchemaProps): CelType {
  switch (format) {
    case 'byte':
      return {
        name: 'bytes',
        convert: value => value && new Uint8Array(Buffer.from(String(value), 'base64')),
      }
    case 'date':
    case 'date-time':
      return {
        name: 'google.protobuf.Timestamp',
        convert: value => (value ? new Date(String(value)) : undefined),
      }
    case 'duration':
      return {
        name: 'google.protobuf.Duration',
        convert: value => (value ? parseDuration(String(value)) : undefined),
      }
    default:
      return { name: 'string', convert: asString }
  }
}
