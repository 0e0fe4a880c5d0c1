import { type Environment, type Overload, type StructType, unwrapOptional } from './environment.ts'
import {
  type Call,
  CompileError,
  type Expression,
  type Fold,
  type Ident,
  type Issue,
  type List,
  type MapLiteral,
  qualifiedName,
  type Select,
  type Struct,
} from './syntax.ts'
import { BOOL, DYN, ERROR, INT, isExactly, listOf, mapOf, optionalOf, param, type Type } from './types.ts'
import { assignAll, isDynOrError, type Mapping, mostGeneral, substitute } from './unify.ts'
import { typeOfValue } from './values.ts'

/** What is known of an expression that was checked. */
export interface Checked {
  root: Expression
  /** The type of each part. */
  types: ReadonlyMap<Expression, Type>
  /** Which overloads each call may be of. */
  overloads: ReadonlyMap<Expression, readonly Overload[]>
  /** Names, also with dots (`net.IP`), that are constants. */
  constants: ReadonlyMap<Expression, unknown>
  /** Paths with dots that are one variable. */
  variables: ReadonlyMap<Expression, string>
}

/**
 * Finds the types of all parts of an expression. Calls of functions in namespaces are changed in place.
 * @throws CompileError
 */
export function check(environment: Environment, root: Expression, source: string): Checked {
  const checker = new Checker(environment)
  checker.check(root)
  if (checker.issues.length > 0) throw new CompileError(source, checker.issues)
  return checker.finish(root)
}

class Checker {
  readonly issues: Issue[] = []
  readonly #environment: Environment
  readonly #types = new Map<Expression, Type>()
  readonly #overloads = new Map<Expression, Overload[]>()
  readonly #constants = new Map<Expression, unknown>()
  readonly #variables = new Map<Expression, string>()
  #mapping: Mapping = new Map()
  #scopes: Map<string, Type>[] = []
  #free = 0

  constructor(environment: Environment) {
    this.#environment = environment
  }

  finish(root: Expression): Checked {
    const types = new Map<Expression, Type>()
    for (const [node, type] of this.#types) types.set(node, substitute(this.#mapping, type, true))
    return { root, types, overloads: this.#overloads, constants: this.#constants, variables: this.#variables }
  }

  check(node: Expression): Type {
    const type = this.#typeOf(node)
    this.#types.set(node, type)
    return type
  }

  #typeOf(node: Expression): Type {
    switch (node.op) {
      case 'literal':
        return typeOfValue(node.value)
      case 'ident':
        return this.#name(node, node.name) ?? this.#undeclared(node, node.name)
      case 'select':
        return this.#select(node)
      case 'call':
        return this.#call(node)
      case 'list':
        return this.#list(node)
      case 'map':
        return this.#map(node)
      case 'struct':
        return this.#struct(node)
      case 'fold':
        return this.#fold(node)
    }
  }

  #report(at: number, message: string): void {
    this.issues.push({ at, message })
  }

  #undeclared({ at }: Expression, name: string): Type {
    this.#report(at, `undeclared reference to '${name}' (in container '')`)
    return ERROR
  }

  #name(node: Ident | Select, name: string): Type | undefined {
    for (const scope of this.#scopes) {
      const type = scope.get(name)
      if (type) return type
    }
    const variable = this.#environment.variableNamed(name)
    if (variable) {
      if (node.op === 'select') this.#variables.set(node, name)
      return variable
    }
    const constant = this.#environment.constantNamed(name)
    if (!constant) return undefined
    this.#constants.set(node, constant.value)
    return constant.type
  }

  #select(node: Select): Type {
    const name = qualifiedName(node)
    const type = name === undefined ? undefined : this.#name(node, name)
    if (type) return type
    const field = this.#field(node, node.operand, node.field, false)
    return node.isTest ? BOOL : substitute(this.#mapping, field, false)
  }

  #field({ at }: Expression, operand: Expression, field: string, isOptional: boolean): Type {
    const [target, wasOptional] = unwrapOptional(substitute(this.#mapping, this.check(operand), false))
    const type = this.#fieldOf(target, field, at)
    return wasOptional || isOptional ? optionalOf(type) : type
  }

  #fieldOf(target: Type, field: string, at: number): Type {
    switch (target.kind) {
      case 'map':
        return target.parameters[1]!
      case 'struct':
        return this.#structField(this.#environment.structNamed(target.name), target.name, field, at)
      case 'param':
        this.#assign(DYN, target)
        return DYN
      default:
        if (!isDynOrError(target)) this.#report(at, `type '${target}' does not support field selection`)
        return DYN
    }
  }

  #structField(struct: StructType | undefined, name: string, field: string, at: number): Type {
    const type = struct?.fields.get(field)
    if (type) return type
    this.#report(at, struct ? `undefined field '${field}'` : `unexpected failed resolution of '${name}'`)
    return ERROR
  }

  #call(node: Call): Type {
    if (node.name === '_?._') return this.#optionalSelect(node)
    for (const arg of node.args) this.check(arg)
    if (!node.target) return this.#resolveNamed(node)
    const prefix = qualifiedName(node.target)
    const name = `${prefix}.${node.name}`
    if (prefix !== undefined && this.#environment.functionNamed(name)) {
      node.name = name
      node.target = undefined
      return this.#resolveNamed(node)
    }
    this.check(node.target)
    return this.#resolveNamed(node)
  }

  #optionalSelect(node: Call): Type {
    const [operand, name] = node.args as [Expression, Expression]
    this.#types.set(name, typeOfValue((name as { value: unknown }).value))
    const type = this.#field(node, operand, (name as { value: string }).value, true)
    return substitute(this.#mapping, type, false)
  }

  #resolveNamed(node: Call): Type {
    const overloads = this.#environment.functionNamed(node.name)
    if (!overloads) return this.#undeclared(node, node.name)
    if (node.name === '_&&_' || node.name === '_||_') return this.#logic(node, overloads)
    return this.#resolve(node, overloads)
  }

  #logic(node: Call, [overload]: readonly Overload[]): Type {
    this.#overloads.set(node, [overload!])
    let isWrong = false
    for (const arg of node.args) {
      const type = this.#types.get(arg)!
      if (this.#assign(type, BOOL)) continue
      isWrong = true
      this.#report(arg.at, `expected type 'bool' but found '${type}'`)
    }
    return isWrong ? ERROR : BOOL
  }

  #resolve(node: Call, overloads: readonly Overload[]): Type {
    const args = node.target ? [node.target, ...node.args] : node.args
    const types = args.map(arg => this.#types.get(arg)!)
    const matching: Overload[] = []
    let result: Type | undefined
    for (const overload of overloads) {
      if (overload.isMember !== (node.target !== undefined)) continue
      const fresh = this.#instantiate(overload)
      const mapping = assignAll(this.#mapping, types, fresh.parameters)
      if (!mapping) continue
      this.#mapping = mapping
      matching.push(overload)
      const type = substitute(mapping, fresh.result, false)
      if (!result) result = type
      else if (result.kind !== 'dyn' && !isExactly(type, result)) result = DYN
    }
    if (result) this.#overloads.set(node, matching)
    return result ?? this.#noOverload(node, types)
  }

  #noOverload(node: Call, types: Type[]): Type {
    const [first, ...others] = types.map(type => String(substitute(this.#mapping, type, true)))
    const applied = node.target ? `${first}.(${others.join(', ')})` : `(${[first, ...others].join(', ')})`
    const shown = types.length === 0 ? '()' : applied
    this.#report(node.at, `found no matching overload for '${node.name}' applied to '${shown}'`)
    return ERROR
  }

  #instantiate(overload: Overload): { parameters: readonly Type[]; result: Type } {
    if (overload.generics.length === 0) return overload
    const fresh: Mapping = new Map(overload.generics.map(name => [name, this.#fresh()]))
    return {
      parameters: overload.parameters.map(type => substitute(fresh, type, false)),
      result: substitute(fresh, overload.result, false),
    }
  }

  #fresh(): Type {
    return param(`_var${this.#free++}`)
  }

  #assign(a: Type, b: Type): boolean {
    const mapping = assignAll(this.#mapping, [a], [b])
    if (mapping) this.#mapping = mapping
    return mapping !== undefined
  }

  #join(previous: Type | undefined, current: Type): Type {
    if (!previous) return current
    return this.#assign(previous, current) ? mostGeneral(previous, current) : DYN
  }

  /** The type of a part of a literal, which may be optional there. */
  #part(node: Expression, isOptional: boolean): Type {
    const type = this.check(node)
    if (!isOptional) return type
    const [inner, wasOptional] = unwrapOptional(type)
    if (!wasOptional && inner.kind !== 'dyn')
      this.#report(node.at, `expected type '${optionalOf(inner)}' but found '${inner}'`)
    return inner
  }

  #list({ items, optional }: List): Type {
    let joined: Type | undefined
    for (const [i, item] of items.entries()) joined = this.#join(joined, this.#part(item, optional.has(i)))
    return listOf(joined ?? this.#fresh())
  }

  #map({ entries }: MapLiteral): Type {
    let keys: Type | undefined
    let values: Type | undefined
    for (const { key, value, isOptional } of entries) {
      keys = this.#join(keys, this.check(key))
      values = this.#join(values, this.#part(value, isOptional))
    }
    return mapOf(keys ?? this.#fresh(), values ?? this.#fresh())
  }

  #struct(node: Struct): Type {
    const struct = this.#environment.structNamed(node.name)
    if (!struct) {
      for (const { value } of node.fields) this.check(value)
      return this.#undeclared(node, node.name)
    }
    for (const { at, name, value, isOptional } of node.fields) {
      const type = this.#part(value, isOptional)
      const field = this.#structField(struct, node.name, name, at)
      if (!this.#assign(field, type))
        this.#report(at, `expected type of field '${name}' is '${field}' but provided type is '${type}'`)
    }
    return struct.type
  }

  #fold(node: Fold): Type {
    const range = substitute(this.#mapping, this.check(node.range), false)
    const initial = this.check(node.initial)
    this.#scopes.unshift(new Map([[node.accumulator, initial]]))
    this.#scopes.unshift(this.#loopScope(node, range))
    this.#expect(node.condition, BOOL)
    this.#expect(node.step, initial)
    this.#scopes.shift()
    const result = this.check(node.result)
    this.#scopes.shift()
    return substitute(this.#mapping, result, false)
  }

  #loopScope({ range, variable, second }: Fold, type: Type): Map<string, Type> {
    const [first, other] = this.#itemsOf(range, type)
    if (second)
      return new Map([
        [variable, first],
        [second, other],
      ])
    return new Map([[variable, type.kind === 'list' ? other : first]])
  }

  /** Types of keys (or places) and of values. */
  #itemsOf(range: Expression, type: Type): [Type, Type] {
    switch (type.kind) {
      case 'list':
        return [INT, type.parameters[0]!]
      case 'map':
        return [type.parameters[0]!, type.parameters[1]!]
      case 'dyn':
      case 'error':
      case 'param':
        this.#assign(DYN, type)
        return [DYN, DYN]
      default:
        this.#report(
          range.at,
          `expression of type '${type}' cannot be range of a comprehension (must be list, map, or dynamic)`,
        )
        return [ERROR, ERROR]
    }
  }

  #expect(node: Expression, type: Type): void {
    const found = this.check(node)
    if (!this.#assign(type, found)) this.#report(node.at, `expected type '${type}' but found '${found}'`)
  }
}
