import { parseJson } from '../../../api/meta/json.ts'
import { badRequest } from '../../../api/meta/status.ts'
import { isReference, splitType } from '../../../api/schema/definition.ts'
import {
  embeddedType,
  type UnionName,
  type WireField,
  wireFields,
} from '../../../api/schema/field-numbers.ts'
import type { SchemaSet } from '../../../api/schema/schemas.ts'
import { definitionOf } from '../rest/definitions.ts'
import { Reader } from './reader.ts'
import { intOrString, microTime, time } from './well-known.ts'

/** What stands before every Kubernetes object in protobuf. */
const MAGIC = Buffer.from('k8s\0')

/**
 * Reads an object that was sent as `application/vnd.kubernetes.protobuf`: four magic bytes, then a runtime.Unknown with
 * the type (the expected one, if it does not say) and the object's message. Gives the object as its JSON would be.
 * @throws StatusError 400 where it cannot be read as what it says it is
 * @throws Error where not even that can be read
 */
export function decodeProtobuf(
  schemas: SchemaSet,
  body: Buffer,
  expected?: { kind: string; apiVersion: string },
): Record<string, any> {
  if (body.length === 0) throw new Error('empty data')
  if (!body.subarray(0, 4).equals(MAGIC)) {
    throw new Error('provided data does not appear to be a protobuf message, expected prefix [107 56 115 0]')
  }
  if (body.length === MAGIC.length) throw new Error('empty body')
  const unknown = readUnknown(new Reader(body.subarray(4)))
  const apiVersion = unknown.apiVersion || expected?.apiVersion || ''
  const kind = unknown.kind || expected?.kind || ''
  const isOptions = kind === 'DeleteOptions'
  const definition = definitionOf(schemas, isOptions ? 'v1' : apiVersion, kind)
  // The caller says what is wrong with it.
  if (!definition) return { apiVersion, kind }
  try {
    return { apiVersion, kind, ...new Decoder(schemas).message(definition, new Reader(unknown.raw), {}) }
  } catch (cause) {
    const version = apiVersion.split('/').at(-1)!
    throw badRequest(
      `${kind} in version "${version}" cannot be handled as a ${expected?.kind ?? kind}: ${(cause as Error).message}`,
    )
  }
}

function readUnknown(reader: Reader): { apiVersion: string; kind: string; raw: Buffer } {
  const unknown = { apiVersion: '', kind: '', raw: Buffer.alloc(0) as Buffer }
  while (!reader.isAtEnd) {
    const { number, wireType } = reader.tag('Unknown')
    if (number === 1) {
      const type = new Reader(reader.bytes())
      while (!type.isAtEnd) {
        const member = type.tag()
        if (member.number === 1) unknown.apiVersion = type.string()
        else if (member.number === 2) unknown.kind = type.string()
        else type.skip(member.wireType)
      }
    } else if (number === 2) unknown.raw = reader.bytes()
    else reader.skip(wireType)
  }
  return unknown
}

type Json = Record<string, any>

class Decoder {
  #schemas: SchemaSet

  constructor(schemas: SchemaSet) {
    this.#schemas = schemas
  }

  /** Reads the fields of a message into `object`. `owner` names the type whose fields they are. */
  message(type: string, reader: Reader, object: Json, owner = type): Json {
    const fields = wireFields(type)
    if (!fields) throw new Error(`the field numbers of ${type} are not known`)
    while (!reader.isAtEnd) {
      const { number, wireType } = reader.tag(type)
      const field = fields[number]
      if (!field) reader.skip(wireType)
      else if (field.isEmbedded) {
        this.message(embeddedType(type, field), new Reader(reader.bytes()), object, owner)
      } else this.#field(object, owner, field, reader, wireType)
    }
    return object
  }

  #field(object: Json, owner: string, field: WireField, reader: Reader, wireType: number): void {
    const { name, keepsZero, union } = field
    const type = this.#schemas.definitions[owner]?.fields[name]
    if (!type) {
      reader.skip(wireType)
      return
    }
    const { container, inner } = splitType(type)
    if (wireType !== (container ? LENGTH : (WIRE_TYPES[inner] ?? LENGTH))) {
      const isListed = container === '[]' && wireType === WIRE_TYPES[inner]
      if (!isListed) throw new Error(`proto: wrong wireType = ${wireType} for field ${goName(name)}`)
    }
    if (container === '[]') {
      object[name] ??= []
      if (wireType === LENGTH && PACKABLE.has(inner)) {
        const packed = new Reader(reader.bytes())
        while (!packed.isAtEnd) object[name].push(this.#value(inner, packed))
      } else object[name].push(this.#value(inner, reader))
    } else if (container === '{}') {
      object[name] ??= {}
      this.#mapEntry(object[name], inner, new Reader(reader.bytes()), union)
    } else if (union) object[name] = this.#union(union, new Reader(reader.bytes()))
    else {
      const value = this.#value(inner, reader)
      if (value === undefined) return
      if (keepsZero || (value !== '' && value !== 0 && value !== false)) object[name] = value
    }
  }

  #mapEntry(map: Json, inner: string, reader: Reader, union: UnionName | undefined): void {
    let key = ''
    let value: unknown
    while (!reader.isAtEnd) {
      const { number, wireType } = reader.tag()
      if (number === 1) key = reader.string()
      else if (number !== 2) reader.skip(wireType)
      else if (union) value = this.#union(union, new Reader(reader.bytes()))
      else value = inner === '[]string' ? extraValue(reader) : this.#value(inner, reader)
    }
    Object.defineProperty(map, key, { value, enumerable: true, writable: true, configurable: true })
  }

  /** A schema, or one of the other sorts of values that may stand in its place. */
  #union(union: UnionName, reader: Reader): unknown {
    let schema: Json | undefined
    let allows = false
    const list: unknown[] = []
    while (!reader.isAtEnd) {
      const { number, wireType } = reader.tag()
      if (wireType === 0) allows = reader.int() !== 0
      else if (wireType !== LENGTH) reader.skip(wireType)
      else if (number === (union === 'OrBool' ? 2 : 1)) {
        schema = this.message(JSON_SCHEMA, new Reader(reader.bytes()), {})
      } else if (number === 2 && union === 'OrStrings') list.push(reader.string())
      else if (number === 2) list.push(this.message(JSON_SCHEMA, new Reader(reader.bytes()), {}))
    }
    return schema ?? (union === 'OrBool' ? allows : list)
  }

  #value(type: string, reader: Reader): unknown {
    if (isReference(type)) return this.message(type, new Reader(reader.bytes()), {})
    switch (type) {
      case 'string':
        return reader.string()
      case 'boolean':
        return reader.int() !== 0
      case 'int32':
        return reader.int()
      case 'int64':
        return reader.int64()
      case 'double':
        return reader.double()
      case 'bytes':
        return reader.bytes().toString('base64')
      case 'quantity':
        return firstString(reader)
      case 'time':
        return time(new Reader(reader.bytes()))
      case 'microTime':
        return microTime(new Reader(reader.bytes()))
      case 'intOrString':
        return intOrString(new Reader(reader.bytes()))
      default:
        return rawJson(reader)
    }
  }
}

const LENGTH = 2
/** Wire types of what is not sent with its length. */
const WIRE_TYPES: Record<string, number | undefined> = { boolean: 0, int32: 0, int64: 0, double: 1 }
/** The name of a field in Go. */
const goName = (name: string): string =>
  name === 'metadata' ? 'ObjectMeta' : name.charAt(0).toUpperCase() + name.slice(1)
const JSON_SCHEMA = 'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaProps'
const PACKABLE = new Set(['boolean', 'int32', 'int64', 'double'])

/** A message whose field 1 is the text. */
function firstString(outer: Reader): string {
  const reader = new Reader(outer.bytes())
  let text = ''
  while (!reader.isAtEnd) {
    const { number, wireType } = reader.tag()
    if (number === 1) text = reader.string()
    else reader.skip(wireType)
  }
  return text
}

/** RawExtension, FieldsV1 and JSON: field 1 holds JSON text. */
function rawJson(outer: Reader): unknown {
  const text = firstString(outer)
  return text === '' ? undefined : parseJson(text)
}

/** authentication/v1 ExtraValue: a list of strings inside a message. */
function extraValue(outer: Reader): string[] {
  const reader = new Reader(outer.bytes())
  const items: string[] = []
  while (!reader.isAtEnd) {
    const { number, wireType } = reader.tag()
    if (number === 1) items.push(reader.string())
    else reader.skip(wireType)
  }
  return items
}
