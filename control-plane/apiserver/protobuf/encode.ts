import { isReference, splitType } from '../../../api/schema/definition.ts'
import { embeddedType, type UnionName, wireFields } from '../../../api/schema/field-numbers.ts'
import type { SchemaSet } from '../../../api/schema/schemas.ts'
import { definitionOf } from '../rest/definitions.ts'
import { FIXED64, VARINT, Writer } from './writer.ts'

/** What stands before every Kubernetes object in protobuf. */
const MAGIC = Buffer.from('k8s\0')
const META = 'io.k8s.apimachinery.pkg.apis.meta.v1'
const JSON_SCHEMA = 'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaProps'

type Json = Record<string, any>
/** Writes one value of a field, tag and all; what comes last is written first. */
type WriteField = (value: any, out: Writer) => void
/** Writes the fields of a message. */
type WriteMessage = (object: Json, out: Writer) => void

/** Turns objects into what clients of `application/vnd.kubernetes.protobuf` read. */
export class Encoder {
  #schemas: SchemaSet
  #messages = new Map<string, WriteMessage | undefined>()

  constructor(schemas: SchemaSet) {
    this.#schemas = schemas
  }

  /** Whether objects of a kind have a form in protobuf. */
  knows(apiVersion: string, kind: string): boolean {
    return this.#message(definitionName(this.#schemas, apiVersion, kind)) !== undefined
  }

  /** One object with its envelope; undefined when its kind has no form in protobuf. */
  object(object: Json): Buffer | undefined {
    const { apiVersion, kind } = object
    const write = this.#message(definitionName(this.#schemas, apiVersion, kind))
    if (!write) return undefined
    const out = new Writer()
    write(object, out)
    return enclose(apiVersion, kind, out)
  }

  /** A list of objects of one kind; undefined when that has no form in protobuf. */
  list(apiVersion: string, kind: string, metadata: Json, items: readonly Json[]): Buffer | undefined {
    const item = this.#message(definitionName(this.#schemas, apiVersion, kind))
    const listMeta = this.#message(`${META}.ListMeta`)
    if (!item || !listMeta) return undefined
    const out = new Writer()
    for (let i = items.length - 1; i >= 0; i--) {
      const before = out.size
      item(items[i]!, out)
      out.close(2, before)
    }
    const before = out.size
    listMeta(metadata, out)
    out.close(1, before)
    return enclose(apiVersion, `${kind}List`, out)
  }

  /** A watch event as one frame of a stream: its length in four bytes, then the event with the enclosed object. */
  event(type: string, object: Json): Buffer {
    const enclosed = this.object(object)
    if (!enclosed) throw new Error(`${object.apiVersion} ${object.kind} has no form in protobuf`)
    const out = new Writer()
    out.bytes(enclosed)
    out.close(1, 0)
    out.close(2, 0)
    writeString(1, type, out)
    const length = out.size
    out.bytes(Buffer.of(length >>> 24, length >>> 16, length >>> 8, length))
    return out.finish()
  }

  /** How messages of a type are written; undefined when its field numbers are not known. */
  #message(type: string | undefined): WriteMessage | undefined {
    if (type === undefined) return undefined
    if (!this.#messages.has(type)) this.#messages.set(type, this.#compile(type, type))
    return this.#messages.get(type)
  }

  /** `owner` is the type whose fields an embedded message carries. */
  #compile(type: string, owner: string): WriteMessage | undefined {
    const fields = wireFields(type)
    const types = this.#schemas.definitions[owner]?.fields ?? WITHOUT_SCHEMA[owner]
    if (!fields || !types) return undefined
    const members: { name: string | undefined; write: WriteField }[] = []
    fields.forEach((field, number) => {
      if (!field) return
      if (field.isEmbedded) {
        const write = this.#compile(embeddedType(type, field), owner)
        if (write) members.unshift({ name: undefined, write: enclosedBy(number, write) })
      } else if (Object.hasOwn(types, field.name)) {
        members.unshift({ name: field.name, write: this.#field(number, types[field.name]!, field.union) })
      }
    })
    return (object, out) => {
      for (const { name, write } of members) {
        const value = name === undefined ? object : object[name]
        if (value !== undefined && value !== null) write(value, out)
      }
    }
  }

  #field(number: number, type: string, union: UnionName | undefined): WriteField {
    const { container, inner } = splitType(type)
    if (union) {
      return container === '{}' ? mapOf(number, this.#union(2, union)) : this.#union(number, union)
    }
    if (container === '[]') return listOf(this.#value(number, inner))
    if (container === '{}') {
      return mapOf(number, inner === '[]string' ? EXTRA_VALUE : this.#value(2, inner))
    }
    return this.#value(number, type)
  }

  #value(number: number, type: string): WriteField {
    const scalar = SCALARS[type]
    if (scalar) return (value, out) => scalar(number, value, out)
    if (!isReference(type)) return (value, out) => writeText(number, JSON.stringify(value), out)
    // Types refer to themselves: what a message is made of is looked up when one is written.
    return enclosedBy(number, (value, out) => this.#message(type)?.(value, out))
  }

  /** A schema in place of which other sorts of values may stand. */
  #union(number: number, union: UnionName): WriteField {
    const schema = this.#value(union === 'OrBool' ? 2 : 1, JSON_SCHEMA)
    const schemas = listOf(this.#value(2, JSON_SCHEMA))
    const strings = listOf(this.#value(2, 'string'))
    return enclosedBy(number, (value, out) => {
      if (typeof value === 'boolean') SCALARS.boolean!(1, value, out)
      else if (!Array.isArray(value)) {
        schema(value, out)
        if (union === 'OrBool') SCALARS.boolean!(1, true, out)
      } else if (union === 'OrStrings') strings(value, out)
      else schemas(value, out)
    })
  }
}

/** Types that clients ask for and that describe no kind of their own. */
const WITHOUT_SCHEMA: Record<string, Record<string, string>> = {
  [`${META}.PartialObjectMetadata`]: { metadata: `${META}.ObjectMeta` },
}

function definitionName(schemas: SchemaSet, apiVersion: string, kind: string): string | undefined {
  if (apiVersion.startsWith('meta.k8s.io/') || kind === 'Status') return `${META}.${kind}`
  return definitionOf(schemas, apiVersion, kind)
}

/** The magic bytes and the envelope around a message: a runtime.Unknown with its type. */
function enclose(apiVersion: string, kind: string, out: Writer): Buffer {
  // An empty encoding and content type end every envelope of upstream's; readers do not miss them.
  out.close(2, 0)
  const before = out.size
  writeString(2, kind, out)
  writeString(1, apiVersion, out)
  out.close(1, before)
  out.bytes(MAGIC)
  return out.finish()
}

const enclosedBy =
  (number: number, write: WriteMessage): WriteField =>
  (value, out) => {
    const before = out.size
    write(value, out)
    out.close(number, before)
  }

const listOf =
  (write: WriteField): WriteField =>
  (values, out) => {
    for (let i = values.length - 1; i >= 0; i--) write(values[i], out)
  }

/** `writeValue` writes a value as field 2 of an entry. */
const mapOf =
  (number: number, writeValue: WriteField): WriteField =>
  (values, out) => {
    for (const key of Object.keys(values).sort().reverse()) {
      const before = out.size
      if (values[key] !== null) writeValue(values[key], out)
      writeString(1, key, out)
      out.close(number, before)
    }
  }

type WriteScalar = (number: number, value: any, out: Writer) => void

function writeString(number: number, value: string, out: Writer): void {
  const before = out.size
  out.string(value)
  out.close(number, before)
}

/** A message whose field 1 is the text: a Quantity; JSON that is sent as it is (RawExtension, FieldsV1). */
function writeText(number: number, text: string, out: Writer): void {
  const before = out.size
  writeString(1, text, out)
  out.close(number, before)
}

function writeInt(number: number, value: number | bigint, out: Writer): void {
  out.int(value)
  out.tag(number, VARINT)
}

function writeInstant(number: number, value: string, out: Writer): void {
  const before = out.size
  const milliseconds = Date.parse(value)
  const fraction = /\.(\d+)/.exec(value)?.[1] ?? ''
  const nanos = Number(fraction.padEnd(9, '0').slice(0, 9))
  if (nanos) writeInt(2, nanos, out)
  writeInt(1, Math.floor(milliseconds / 1000), out)
  out.close(number, before)
}

const SCALARS: Record<string, WriteScalar> = {
  string: writeString,
  boolean: (number, value, out) => writeInt(number, value ? 1 : 0, out),
  int32: writeInt,
  int64: writeInt,
  double(number, value, out) {
    out.double(value)
    out.tag(number, FIXED64)
  },
  bytes(number, value, out) {
    const before = out.size
    out.bytes(Buffer.from(value, 'base64'))
    out.close(number, before)
  },
  quantity: (number, value, out) => writeText(number, String(value), out),
  time: writeInstant,
  microTime: writeInstant,
  intOrString(number, value, out) {
    const before = out.size
    if (typeof value === 'string') {
      writeString(3, value, out)
      writeInt(1, 1, out)
    } else {
      writeInt(2, value, out)
      writeInt(1, 0, out)
    }
    out.close(number, before)
  },
}

/** authentication/v1 ExtraValue: a list of strings inside a message. */
const EXTRA_VALUE = enclosedBy(2, listOf((value, out) => writeString(1, value, out)) as WriteMessage)
