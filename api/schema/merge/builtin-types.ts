import { type Definition, isReference, splitType } from '../definition.ts'
import { STRUCTS } from '../tables/structs.ts'
import { WRITTEN } from '../tables/written.ts'
import {
  ATOMIC,
  type Field,
  field,
  type KeyedType,
  type ListKey,
  type MapType,
  type MergeType,
  mapOf,
  type ScalarType,
} from './merge-type.ts'

/** Definitions by name. */
type Definitions = Readonly<Record<string, Definition>>

const SCALARS: Record<string, ScalarType['of']> = {
  boolean: 'boolean',
  int32: 'number',
  int64: 'number',
  double: 'number',
  intOrString: 'any',
  quantity: 'any',
}

/** Makes the merge types of definitions, each when it is first asked for. */
export class BuiltinTypes {
  readonly #types = new Map<string, MergeType>()
  readonly #definitions: Definitions

  constructor(definitions: Definitions) {
    this.#definitions = definitions
  }

  /** Undefined for a definition that is not known. */
  get(name: string): MergeType | undefined {
    const known = this.#types.get(name)
    if (known) return known
    const definition = this.#definitions[name]
    if (!definition) return undefined
    const type = definition.atomic === true ? this.#atomic(name) : this.#struct(name)
    this.#types.set(name, type)
    return type
  }

  /** Fields are looked at when they are first needed: definitions may hold themselves. */
  #struct(name: string): MapType {
    let fields: ReadonlyMap<string, Field> | undefined
    const makeFields = () => new Map(this.#fields(name))
    return {
      kind: 'map',
      get fields() {
        fields ??= makeFields()
        return fields
      },
    }
  }

  #atomic(name: string): MergeType {
    return { kind: 'atomic', of: 'map', inner: this.#struct(name) }
  }

  #fields(name: string): [string, Field][] {
    const definition = this.#definitions[name]!
    return Object.entries(definition.fields).map(([key, type]) =>
      field(key, this.#fieldType(definition, key, type), absentValue(name, definition, key, type)),
    )
  }

  #fieldType(definition: Definition, key: string, type: string): MergeType {
    const { container, inner } = splitType(type)
    const isAtomic = definition.atomic !== true && definition.atomic?.includes(key)
    if (container === '[]') return this.#list(inner, definition.lists?.[key])
    if (container === '{}') {
      const map = mapOf(this.#type(inner))
      return isAtomic ? { kind: 'atomic', of: 'map', inner: map } : map
    }
    const own = this.#type(type)
    if (own.kind === 'atomic' && own.inner && definition.granular?.includes(key)) return own.inner
    return isAtomic && own.kind === 'map' ? { kind: 'atomic', of: 'map', inner: own } : own
  }

  #list(inner: string, list: readonly string[] | 'set' | undefined): MergeType {
    if (list === 'set') return { kind: 'set' }
    const element = this.#type(inner)
    if (!list) return { kind: 'atomic', of: 'list', inner: element }
    return { kind: 'keyed', keys: this.#keys(inner, list), element } satisfies KeyedType
  }

  /** A key that is left out is what Go has for nothing: a built-in kind's items always have one. */
  #keys(name: string, keys: readonly string[]): ListKey[] {
    const { fields = {} } = this.#definitions[name] ?? {}
    return [...keys].sort().map(key => ({
      name: key,
      default: key === 'protocol' ? 'TCP' : SCALARS[fields[key]!] === 'number' ? 0 : '',
    }))
  }

  #type(type: string): MergeType {
    if (isReference(type)) return this.get(type) ?? ATOMIC
    if (type === 'any' || type === 'json' || type.startsWith('?')) return ATOMIC
    return { kind: 'scalar', of: SCALARS[type] ?? 'string' }
  }
}

/** See {@link Field.absent}. */
function absentValue(
  name: string,
  { kinds, required }: Definition,
  key: string,
  type: string,
): Field['absent'] {
  if (kinds && ['metadata', 'spec', 'status'].includes(key) && isReference(type)) return {}
  const path = `${name.split('.').slice(-3).join('.')}.${key}`
  if (STRUCTS.has(path)) return {}
  // An object that is made is compared with an empty one, which has these; an item that is made, with none.
  if (isInEmpty(name, kinds) && WRITTEN.has(path)) return WRITTEN.get(path)!()
  return splitType(type).container === '[]' && required?.includes(key) ? null : undefined
}

/** True for what there is of an empty object of a kind. */
const isInEmpty = (name: string, kinds: Definition['kinds']): boolean =>
  kinds !== undefined || name.endsWith('Spec') || name.endsWith('Status')
