import { isMap, type Json, setOwn } from '../meta/patch/own.ts'
import type { Reader } from './decode-state.ts'
import { DecodeError, DecodeState, LOOK_AGAIN, QuietWalk, type Walk } from './decode-state.ts'
import { type Definition, isReference, objectTypeOf, type SchemaFile, splitType } from './definition.ts'
import { omittedZeros } from './field-numbers.ts'
import { goType, readExactInt64, scalarReader } from './scalars.ts'
import { WRITTEN } from './tables/written.ts'

interface FieldReader {
  read: Reader
  /** Lists and maps that are not required are left out when empty, as Go's `omitempty` does. */
  dropEmpty: boolean
  /** Empty strings, zeros and false are left out where they say no more than nothing would: defaults are put in then. */
  dropZero: boolean
}

interface StructReader {
  fields: Map<string, FieldReader>
  /** Those of {@link WRITTEN}. */
  written: readonly (readonly [field: string, made: () => unknown])[]
}

/** Compiles readers of definitions, each when it is first needed. */
export class Decoder {
  readonly #readers = new Map<string, Reader>()
  readonly #schemas: SchemaFile

  constructor(schemas: SchemaFile) {
    this.#schemas = schemas
  }

  /**
   * Checks and normalizes an object of a definition, in place: nulls and unknown fields are dropped, quantities and times
   * made canonical, {@link WRITTEN} filled in.
   * @returns what strict validation objects to (`unknown field "spec.foo"`), in the object's order
   * @throws DecodeError when a value's type is wrong, with Go's message
   */
  decode(name: string, object: object): string[] {
    const read = this.#definition(name)
    try {
      read(object, new QuietWalk())
      return []
    } catch (error) {
      if (error !== LOOK_AGAIN) throw error
    }
    const state = new DecodeState()
    read(object, state)
    return state.faults
  }

  #definition(name: string): Reader {
    const known = this.#readers.get(name)
    if (known) return known
    let compiled: StructReader | undefined
    const struct = name.slice(name.lastIndexOf('.') + 1)
    const reader: Reader = (value, state) => {
      compiled ??= this.#compile(name)
      return readObject(value, state, struct, name, compiled)
    }
    this.#readers.set(name, reader)
    return reader
  }

  #compile(name: string): StructReader {
    const definition = this.#schemas.definitions[name]
    if (!definition) throw new Error(`no schema is known by the name ${name}`)
    const omitted = new Set(omittedZeros(name))
    const key = name.split('.').slice(-3).join('.')
    return {
      fields: new Map(
        Object.entries(definition.fields).map(([field, type]) => [
          field,
          {
            dropZero: omitted.has(field) && SCALARS_WITH_ZERO.has(type),
            read: isExact(field, type)
              ? readExactInt64
              : this.#reader(type, definition.enums?.[field], field),
            dropEmpty: splitType(type).container !== '' && !isRequired(definition, field),
          },
        ]),
      ),
      written: Object.keys(definition.fields).flatMap(field => {
        const made = WRITTEN.get(`${key}.${field}`)
        return made ? [[field, made] as const] : []
      }),
    }
  }

  #reader(type: string, enumName: string | undefined, field: string): Reader {
    const { container, inner } = splitType(type)
    if (container === '[]') return listReader(this.#reader(inner, enumName, field), inner, type)
    if (container === '{}') return mapReader(this.#reader(inner, enumName, field), inner, type)
    const ofObjects = objectTypeOf(type)
    if (ofObjects) return schemaOr(this.#definition(ofObjects), TRUTH_OR_SCHEMA.has(field))
    return isReference(type) ? this.#definition(type) : scalarReader(type, enumName)
  }
}

/** What upstream keeps in 64 bits and does nothing with but compare. */
const EXACT = new Set(['int', 'observedGeneration', 'revision', 'tolerationSeconds'])

const isExact = (field: string, type: string): boolean => type === 'int64' && EXACT.has(field)

const SCALARS_WITH_ZERO = new Set(['string', 'boolean', 'int32', 'int64', 'double'])

const isRequired = ({ required }: Definition, field: string): boolean => required?.includes(field) ?? false

function readObject(
  value: unknown,
  state: Walk,
  struct: string,
  name: string,
  { fields, written }: StructReader,
): unknown {
  if (!isMap(value)) throw state.mismatch(value, goType(name), 'struct')
  const outer = state.struct
  for (const key of Object.keys(value)) {
    const field = fields.get(key)
    const given = value[key]
    if (field === undefined) {
      state.unknown(key)
      delete value[key]
    } else if (given === null || given === undefined) {
      if (given === undefined || !written.some(([field]) => field === key)) delete value[key]
    } else {
      state.struct = struct
      state.enterField(key)
      const result = field.read(given, state)
      state.leaveField()
      if (field.dropEmpty && isEmpty(result)) delete value[key]
      else if (field.dropZero && (result === '' || result === 0 || result === false)) delete value[key]
      else if (result !== given) setOwn(value, key, result)
    }
  }
  for (const [key, made] of written) if (value[key] === undefined || value[key] === null) value[key] = made()
  state.struct = outer
  return value
}

const TRUTH_OR_SCHEMA = new Set(['additionalItems', 'additionalProperties'])

/** Reads schemas or what may stand in their place: a truth value, or a list (of schemas, or of names). */
const schemaOr =
  (read: Reader, isTruth: boolean): Reader =>
  (value, state) => {
    if (typeof value === 'boolean' && isTruth) return value
    if (isTruth && !isMap(value)) throw new DecodeError('boolean or JSON schema expected')
    state.seal()
    const result = isMap(value) ? read(value, state) : value
    if (Array.isArray(value))
      for (const [i, item] of value.entries()) if (typeof item !== 'string') value[i] = read(item, state)
    state.unseal()
    return result
  }

function isEmpty(value: unknown): boolean {
  if (Array.isArray(value)) return value.length === 0
  for (const _ in value as object) return false
  return true
}

function listReader(read: Reader, inner: string, type: string): Reader {
  return (value, state) => {
    if (!Array.isArray(value)) throw state.mismatch(value, goType(type), 'slice')
    for (let i = 0; i < value.length; i++) {
      state.enterItem(i)
      value[i] = value[i] === null ? zeroValue(inner) : read(value[i], state)
      state.leaveItem()
    }
    return value
  }
}

function mapReader(read: Reader, inner: string, type: string): Reader {
  return (value, state) => {
    if (!isMap(value)) throw state.mismatch(value, goType(type), 'map')
    for (const key of Object.keys(value)) {
      const given = value[key]
      state.enterItem(key)
      const result = given === null ? zeroValue(inner) : read(given, state)
      state.leaveItem()
      if (result !== given) setOwn(value as Json, key, result)
    }
    return value
  }
}

const ZEROS: Record<string, unknown> = {
  string: '',
  bytes: '',
  boolean: false,
  int32: 0,
  int64: 0,
  double: 0,
  quantity: '0',
  intOrString: 0,
}

/** What Go makes of a null inside a list or map. */
function zeroValue(type: string): unknown {
  const { container } = splitType(type)
  if (container === '[]') return []
  return container === '{}' || isReference(type) ? {} : (ZEROS[type] ?? null)
}

export { DecodeError }
