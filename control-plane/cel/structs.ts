import { isMap } from '../../api/meta/patch/own.ts'
import type { StructFields } from './admission-types.ts'
import { fromJson } from './json-values.ts'
import { DYN, Type } from './language/types.ts'
import { type Fields, isEqual, type Value } from './language/values.ts'
import type { SchemaTypes } from './schema-types.ts'

/** A type whose values are made from JSON. */
export interface StructType {
  type: Type
  convert(value: unknown): Value | undefined
}

/**
 * Declares a type whose fields have their names as they are, also those that are words of the language
 * (`request.namespace`).
 */
export function declareStruct(name: string, fields: StructFields, types: SchemaTypes): StructType {
  const type = new Type('struct', name)
  const members = new Map<string, StructType>()
  for (const [field, part] of Object.entries(fields)) {
    if (part === 'any') members.set(field, { type: DYN, convert: fromJson })
    else if ('struct' in part)
      members.set(field, declareStruct(part.name, part.struct as StructFields, types))
    else members.set(field, types.declare(part, `${name}.${field}`)!)
  }
  const fieldTypes = new Map([...members].map(([field, member]) => [field, member.type]))
  types.environment.registerStruct({ type, fields: fieldTypes })
  return { type, convert: value => (isMap(value) ? new Struct(type, members, value) : undefined) }
}

/** A JSON object as a value of a declared type. */
class Struct implements Fields {
  readonly type: Type
  readonly #members: ReadonlyMap<string, StructType>
  readonly #raw: Record<string, unknown>

  constructor(type: Type, members: ReadonlyMap<string, StructType>, raw: Record<string, unknown>) {
    this.type = type
    this.#members = members
    this.#raw = raw
  }

  get fieldCount(): number {
    return [...this.fieldValues()].length
  }

  get(name: string): Value | undefined {
    const value = this.#raw[name]
    return value === undefined || value === null ? undefined : this.#members.get(name)?.convert(value)
  }

  *fieldValues(): Generator<[string, Value]> {
    for (const name of this.#members.keys()) {
      const value = this.get(name)
      if (value !== undefined) yield [name, value]
    }
  }

  isSameFields(other: Fields): boolean {
    return [...this.#members.keys()].every(name => isEqual(this.get(name), other.get(name)))
  }
}
