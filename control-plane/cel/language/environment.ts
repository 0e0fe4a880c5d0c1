import { isOptional, parseType, type Type, typeOf } from './types.ts'
import type { Value } from './values.ts'

/** One way to call a function. */
export interface Overload {
  /** cel-go's name of it: costs are told by it. */
  id: string
  isMember: boolean
  /** Of a member, what it is called on is the first. */
  parameters: readonly Type[]
  result: Type
  /** Names of the type parameters in the signature. */
  generics: readonly string[]
  /** Absent for what the evaluator does itself (logic, selection). */
  call: ((...args: any[]) => Value) | undefined
}

/** A type with fields. */
export interface StructType {
  type: Type
  fields: ReadonlyMap<string, Type>
  /** Makes a value from fields that an expression gives; absent for types that expressions cannot make. */
  create?(fields: ReadonlyMap<string, Value>): Value
}

/** A name with a fixed value. */
export interface Constant {
  type: Type
  value: Value
}

/** Overloads of a function: id → [signature, implementation]. */
export type Overloads = Record<string, readonly [signature: string, call?: (...args: any[]) => Value]>

/** What names mean in an expression. */
export class Environment {
  readonly #parent: Environment | undefined
  readonly #functions = new Map<string, Overload[]>()
  readonly #variables = new Map<string, Type>()
  readonly #constants = new Map<string, Constant>()
  readonly #structs = new Map<string, StructType>()

  constructor(parent?: Environment) {
    this.#parent = parent
  }

  /** An environment in which all of this is known, and more can be. */
  clone(): Environment {
    return new Environment(this)
  }

  /**
   * A function by its overloads. A signature is `string.(int): bool` of a member, `(string, int): bool` else.
   * Overloads of a function that there is already are added.
   */
  registerFunction(name: string, overloads: Overloads): void {
    const made = Object.entries(overloads).map(([id, [signature, call]]) => overload(id, signature, call))
    const known = this.functionNamed(name) ?? []
    this.#functions.set(name, [...known, ...made])
  }

  /** A variable, with its type in CEL's notation. */
  registerVariable(name: string, type: string | Type): void {
    this.#variables.set(name, typeof type === 'string' ? parseType(type) : type)
  }

  registerConstant(name: string, type: Type, value: Value): void {
    this.#constants.set(name, { type, value })
  }

  /** The name of a type as a value of expressions: `type(x) == int`. */
  registerTypeName(type: Type, name = type.name): void {
    this.#constants.set(name, { type: typeOf(type), value: type })
  }

  registerStruct(struct: StructType): void {
    this.#structs.set(struct.type.name, struct)
    this.registerTypeName(struct.type)
  }

  hasVariable(name: string): boolean {
    return this.variableNamed(name) !== undefined
  }

  functionNamed(name: string): readonly Overload[] | undefined {
    return this.#functions.get(name) ?? this.#parent?.functionNamed(name)
  }

  variableNamed(name: string): Type | undefined {
    return this.#variables.get(name) ?? this.#parent?.variableNamed(name)
  }

  constantNamed(name: string): Constant | undefined {
    return this.#constants.get(name) ?? this.#parent?.constantNamed(name)
  }

  structNamed(name: string): StructType | undefined {
    return this.#structs.get(name) ?? this.#parent?.structNamed(name)
  }
}

function overload(id: string, signature: string, call: Overload['call']): Overload {
  const match = /^(?:(.+)\.)?\((.*)\): (.+)$/.exec(signature)
  if (!match) throw new Error(`'${signature}' is no signature`)
  const [, target, list, result] = match
  const parameters = split(list!).map(parseType)
  if (target) parameters.unshift(parseType(target))
  const all = [...parameters, parseType(result!)]
  return {
    id,
    isMember: target !== undefined,
    parameters,
    result: all.at(-1)!,
    generics: [...new Set(all.flatMap(genericsOf))],
    call,
  }
}

/** Parameters of a signature, parted by the commas that are in no brackets. */
function split(list: string): string[] {
  const parts: string[] = []
  let depth = 0
  let start = 0
  for (const [i, character] of [...list].entries()) {
    if (character === '(') depth++
    else if (character === ')') depth--
    else if (character === ',' && depth === 0) {
      parts.push(list.slice(start, i).trim())
      start = i + 1
    }
  }
  const last = list.slice(start).trim()
  return last ? [...parts, last] : parts
}

const genericsOf = (type: Type): string[] =>
  type.kind === 'param' ? [type.name] : type.parameters.flatMap(genericsOf)

/** The type inside of an optional one, and whether it was one. */
export const unwrapOptional = (type: Type): [Type, boolean] =>
  isOptional(type) ? [type.parameters[0]!, true] : [type, false]
