import type { JsonSchemaProps } from '../../api/kinds/apiextensions.ts'
import { isNumber, isWhole } from '../../api/meta/json.ts'
import { isMap, isSame } from '../../api/meta/patch/own.ts'
import { listMapKey } from '../../api/schema/structural/validate.ts'
import { createEnvironment, type Environment } from './environment.ts'
import { fromJson } from './json-values.ts'
import { parseDuration, parseTimestamp } from './language/times.ts'
import {
  BOOL,
  BYTES,
  DOUBLE,
  DURATION,
  DYN,
  INT,
  listOf,
  mapOf,
  STRING,
  TIMESTAMP,
  Type,
} from './language/types.ts'
import { EvaluationError, type Fields, isEqual, SchemaList, type Value } from './language/values.ts'
import * as sizes from './schema-sizes.ts'

/** How values of one schema look to an expression. */
export interface Declaration {
  type: Type
  /** The most items, members, characters or bytes; 0 where that says nothing. */
  maxElements: number
  /** The least characters it takes in JSON. */
  minSize: number
  /** By their names in expressions. */
  fields?: ReadonlyMap<string, Declaration>
  /** Of items and members. */
  element?: Declaration
  key?: Declaration
  /** Turns a JSON value into what the expression works with; undefined where there is none. */
  convert(value: unknown): Value | undefined
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

/** Fields may also be called by words that are reserved. */
const escapedField = (name: string): string => (RESERVED.has(name) ? `__${name}__` : name)

/** The types of one schema and of all that is inside it, in an environment that knows them. */
export class SchemaTypes {
  readonly environment: Environment = createEnvironment()

  /**
   * What expressions see of a schema, under a name for its type; undefined when they cannot speak of its values.
   * `isRoot`: it has the fields of all objects.
   */
  declare(schema: JsonSchemaProps, name: string, isRoot = false): Declaration | undefined {
    const made = this.#make(schema, name, isRoot || schema['x-kubernetes-embedded-resource'] === true)
    if (!made) return undefined
    return { ...made, convert: value => (value === null ? nothing(schema) : made.convert(value)) }
  }

  #make(schema: JsonSchemaProps, name: string, isRoot: boolean): Declaration | undefined {
    if (schema['x-kubernetes-int-or-string'])
      return { type: DYN, maxElements: sizes.longestText(schema), minSize: 1, convert: intOrString }
    switch (schema.type) {
      case 'array':
        return this.#list(schema, name)
      case 'object':
        return this.#object(schema, name, isRoot)
      case 'string':
        return stringDeclaration(schema)
      case 'boolean':
        return scalar(BOOL, sizes.SMALLEST_BOOL, value =>
          typeof value === 'boolean' ? value : wrongType('bool', value),
        )
      case 'integer':
        return scalar(INT, 1, value => (isWhole(value) ? BigInt(value) : wrongType('int', value)))
      case 'number':
        return scalar(DOUBLE, 1, value => (isNumber(value) ? Number(value) : wrongType('float', value)))
      default:
        return undefined
    }
  }

  #list(schema: JsonSchemaProps, name: string): Declaration | undefined {
    const element = schema.items && this.declare(schema.items, `${name}.@idx`)
    if (!element) return undefined
    return {
      type: listOf(element.type),
      maxElements: sizes.mostItems(schema, element.minSize),
      minSize: sizes.SMALLEST_CONTAINER,
      element,
      convert: listConverter(schema, element),
    }
  }

  #object(schema: JsonSchemaProps, name: string, isRoot: boolean): Declaration | undefined {
    const { additionalProperties } = schema
    if (typeof additionalProperties !== 'object') return this.#fields(withObjectMeta(schema, isRoot), name)
    const element = this.declare(additionalProperties, `${name}.@elem`)
    if (!element) return undefined
    return {
      type: mapOf(STRING, element.type),
      maxElements: sizes.mostProperties(schema, element.minSize),
      minSize: sizes.SMALLEST_CONTAINER,
      element,
      key: KEY,
      convert: value => (isMap(value) ? convertMap(value, element) : invalidData(NO_MAP)),
    }
  }

  #fields(schema: JsonSchemaProps, name: string): Declaration {
    const type = new Type('struct', name)
    const fields = new Map<string, Declaration>()
    const keys = new Map<string, string>()
    let minSize = sizes.SMALLEST_CONTAINER
    for (const [key, property] of Object.entries(schema.properties ?? {})) {
      const declaration = this.declare(property, `${name}.${key}`)
      const escaped = escapeName(key)
      if (!declaration) continue
      if (schema.required?.includes(key) && property.default === undefined)
        minSize += key.length + declaration.minSize + 4
      if (escaped === undefined) continue
      fields.set(escaped, declaration)
      keys.set(escaped, key)
    }
    const types = new Map<string, Type>()
    for (const [field, { type: fieldType }] of fields) {
      types.set(field, fieldType)
      const word = /^__([a-z]+)__$/.exec(field)?.[1]
      if (word && RESERVED.has(word)) types.set(word, fieldType)
    }
    this.environment.registerStruct({ type, fields: types })
    const shape: Shape = { type, fields, keys }
    return {
      type,
      maxElements: 0,
      minSize,
      fields,
      convert: value => (isMap(value) ? new SchemaObject(shape, value) : invalidData(NO_MAP)),
    }
  }
}

function nothing({ nullable }: JsonSchemaProps): null {
  if (nullable) return null
  throw new EvaluationError('invalid data, got null for schema with nullable=false')
}

/** What Go calls the type of a JSON value. */
function goType(value: unknown): string {
  if (Array.isArray(value)) return '[]interface {}'
  if (typeof value === 'object') return 'map[string]interface {}'
  if (typeof value === 'boolean') return 'bool'
  if (typeof value === 'string') return 'string'
  return isWhole(value) ? 'int64' : 'float64'
}

function invalidData(expected: string): never {
  throw new EvaluationError(`invalid data, ${expected}`)
}

/** A value that is not of its schema's type: it was let through before the schema was. */
const wrongType = (expected: string, value: unknown): never =>
  invalidData(`expected ${expected}, got ${goType(value)}`)

/** What objects of one schema have in common. */
interface Shape {
  type: Type
  fields: ReadonlyMap<string, Declaration>
  /** The properties' own names by those in expressions. */
  keys: ReadonlyMap<string, string>
}

/** An object seen through its schema: a field is converted when it is asked for. */
class SchemaObject implements Fields {
  readonly #shape: Shape
  readonly raw: Record<string, unknown>

  constructor(shape: Shape, raw: Record<string, unknown>) {
    this.#shape = shape
    this.raw = raw
  }

  get type(): Type {
    return this.#shape.type
  }

  get fieldCount(): number {
    return Object.keys(this.raw).length
  }

  get(name: string): Value | undefined {
    const key = this.#shape.keys.get(escapedField(name))
    if (key === undefined || !Object.hasOwn(this.raw, key)) return undefined
    // A field that is null is as good as not there.
    if (this.raw[key] === null || this.raw[key] === undefined) return undefined
    return this.#shape.fields.get(escapedField(name))!.convert(this.raw[key])
  }

  *fieldValues(): Generator<[string, Value]> {
    for (const name of this.#shape.fields.keys()) {
      const value = this.get(name)
      if (value !== undefined) yield [name, value]
    }
  }

  isSameFields(other: Fields): boolean {
    const { raw } = other as SchemaObject
    if (this.raw === raw) return true
    if (this.fieldCount !== other.fieldCount) return false
    const escaped = new Map([...this.#shape.keys].map(([name, key]) => [key, name]))
    return Object.keys(this.raw).every(key => {
      if (!Object.hasOwn(raw, key)) return false
      const name = escaped.get(key)
      return name === undefined ? isSame(this.raw[key], raw[key]) : isEqual(this.get(name), other.get(name))
    })
  }
}

const NO_MAP = 'expected a map for the provided schema with type=object'
const NO_LIST = 'expected an array for the provided schema with type=array'

const scalar = (type: Type, minSize: number, convert: Declaration['convert']): Declaration => ({
  type,
  maxElements: 0,
  minSize,
  convert,
})

/** Keys of maps: nothing limits their length. */
const KEY: Declaration = scalar(STRING, sizes.SMALLEST_TEXT, asString)

function asString(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined
}

const intOrString = (value: unknown): Value =>
  typeof value === 'string' || isWhole(value)
    ? fromJson(value)
    : invalidData('expected XIntOrString value to be either a string or integer')

function convertMap(value: Record<string, unknown>, element: Declaration): Map<string, Value> {
  const map = new Map<string, Value>()
  for (const key of Object.keys(value)) {
    const member = element.convert(value[key])
    if (member !== undefined) map.set(key, member)
  }
  return map
}

function listConverter(schema: JsonSchemaProps, element: Declaration): Declaration['convert'] {
  const listType = schema['x-kubernetes-list-type']
  const convert = (item: unknown): Value => element.convert(item)
  if (listType !== 'set' && listType !== 'map')
    return value => (Array.isArray(value) ? value.map(convert) : invalidData(NO_LIST))
  const keys = schema['x-kubernetes-list-map-keys'] ?? []
  const keyOf = (item: Value): string => listMapKey((item as SchemaObject).raw, keys, schema)
  return value => {
    if (!Array.isArray(value)) return invalidData(NO_LIST)
    const list = SchemaList.from(value, convert) as SchemaList
    list.listType = listType
    list.keyOf = listType === 'map' ? keyOf : undefined
    return list
  }
}

const TEXT: JsonSchemaProps = { type: 'string' }
const NAMES: JsonSchemaProps = { type: 'object', properties: { name: TEXT, generateName: TEXT } }

/** Every object has a type and a name, whatever its schema says. */
function withObjectMeta(schema: JsonSchemaProps, isRoot: boolean): JsonSchemaProps {
  if (!isRoot) return schema
  const { kind, apiVersion, metadata } = schema.properties ?? {}
  const { name, generateName } = metadata?.properties ?? {}
  const isThere = [kind, apiVersion, name, generateName].every(property => property?.type === 'string')
  if (isThere && metadata?.type === 'object') return schema
  return { ...schema, properties: { ...schema.properties, apiVersion: TEXT, kind: TEXT, metadata: NAMES } }
}

/** Texts of some formats are bytes and times. */
function stringDeclaration(schema: JsonSchemaProps): Declaration {
  const maxElements = sizes.longestText(schema)
  const make = (type: Type, minSize: number, convert: (text: string) => Value | undefined): Declaration => ({
    type,
    maxElements,
    minSize,
    convert: value => (typeof value === 'string' ? convert(value) : wrongType('string', value)),
  })
  switch (schema.format) {
    case 'byte':
      return make(BYTES, sizes.SMALLEST_TEXT, text => new Uint8Array(Buffer.from(text, 'base64')))
    case 'date':
      return make(TIMESTAMP, sizes.DATE, parseTimestamp)
    case 'date-time':
      return make(TIMESTAMP, sizes.SMALLEST_TIME, parseTimestamp)
    case 'duration':
      return make(DURATION, sizes.SMALLEST_DURATION, text => parseDuration(text.replaceAll(' ', ''), UNITS))
    default:
      return make(STRING, sizes.SMALLEST_TEXT, text => text)
  }
}

/** Nanoseconds. Durations of schemas may also be told in days and weeks, and in words. */
const UNITS: Record<string, bigint> = Object.fromEntries(
  (
    [
      ['ns nano nanosecond', 1n],
      ['us µs micro microsecond', 1_000n],
      ['ms milli millisecond', 1_000_000n],
      ['s sec second', 1_000_000_000n],
      ['m min minute', 60_000_000_000n],
      ['h hr hour', 3_600_000_000_000n],
      ['d day', 86_400_000_000_000n],
      ['w wk week', 604_800_000_000_000n],
    ] as const
  ).flatMap(([names, nanos]) =>
    names.split(' ').flatMap(name => [
      [name, nanos],
      [name.length > 2 ? `${name}s` : name, nanos],
    ]),
  ),
)
