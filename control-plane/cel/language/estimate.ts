import type { Checked } from './checker.ts'
import { estimateCall } from './estimate-calls.ts'
import { add, fixed, multiply, type Part, type Range, type Sizes, UNKNOWN, union } from './ranges.ts'
import {
  ACCUMULATOR,
  type Call,
  type Expression,
  type Fold,
  isBind,
  type List,
  type MapLiteral,
  type Select,
} from './syntax.ts'
import type { Type } from './types.ts'
import { lengthOf } from './values.ts'

/** Sizes of the keys (or places) and values of a list or map, where they are known. */
interface Entries {
  container: 'list' | 'map'
  key: Range
  value: Range
}

interface Local {
  path: readonly string[]
  size: Range | undefined
  entries: Entries | undefined
}

/** How large what a path leads to may be; undefined when nothing is known of it. */
export type SizeOf = (path: readonly string[]) => Range | undefined

const NOTHING = fixed(0)
const ONE = fixed(1)
const NOT_YET: Range = { min: Number.POSITIVE_INFINITY, max: 0 }

/** What an expression costs at least and at most, as cel-go's checker tells it. */
export function estimate(checked: Checked, sizeOf: SizeOf): Range {
  return new Estimator(checked, sizeOf).cost(checked.root)
}

const FIXED_SIZE = new Set(['bool', 'double', 'duration', 'int', 'timestamp', 'uint'])

const isScalar = ({ kind, name, parameters }: Type): boolean =>
  FIXED_SIZE.has(kind) || (kind === 'opaque' && name === 'optional_type' && isScalar(parameters[0]!))

/** The size of what is written out. */
function literalSize(node: Expression): Range | undefined {
  if (node.op === 'list') return fixed(node.items.length)
  if (node.op === 'map') return fixed(node.entries.length)
  if (node.op !== 'literal') return undefined
  if (typeof node.value === 'string') return fixed(lengthOf(node.value))
  return node.value instanceof Uint8Array ? fixed(node.value.length) : ONE
}

class Estimator implements Sizes {
  readonly #checked: Checked
  readonly #sizeOf: SizeOf
  readonly #paths = new Map<Expression, readonly string[]>()
  readonly #sizes = new Map<Expression, Range>()
  readonly #entries = new Map<Expression, Entries>()
  readonly #locals = new Map<string, Local[]>()

  constructor(checked: Checked, sizeOf: SizeOf) {
    this.#checked = checked
    this.#sizeOf = sizeOf
  }

  cost(node: Expression): Range {
    const variable = this.#checked.variables.get(node)
    if (variable !== undefined || this.#checked.constants.has(node))
      return this.#identCost(node, variable ?? (node.op === 'ident' ? node.name : '@constant'))
    switch (node.op) {
      case 'literal':
        return NOTHING
      case 'ident':
        return this.#identCost(node, node.name)
      case 'select':
        return this.#selectCost(node)
      case 'call':
        return this.#callCost(node)
      case 'list':
        return this.#listCost(node)
      case 'map':
        return this.#mapCost(node)
      case 'struct':
        return node.fields.reduce((sum, { value }) => add(sum, this.cost(value)), fixed(40))
      case 'fold':
        return isBind(node) ? this.#bindCost(node) : this.#foldCost(node)
    }
  }

  typeOf(node: Expression): Type {
    return this.#checked.types.get(node)!
  }

  /** What is known of a part for the estimate of a call. */
  part(node: Expression): Part {
    const path = this.#pathOf(node)
    return {
      node,
      type: this.typeOf(node),
      path: path.length === 0 || path[0] === ACCUMULATOR ? undefined : path,
      size: this.sizeOf(node),
    }
  }

  /** How large what a path leads to may be. */
  sizeAt(path: readonly string[] | undefined): Range | undefined {
    return path && path.length > 0 ? this.#sizeOf(path) : undefined
  }

  sizeOf(node: Expression): Range | undefined {
    const known = this.#sizes.get(node) ?? literalSize(node)
    if (known) return known
    const found = this.sizeAt(this.#pathOf(node))
    if (found) {
      this.#sizes.set(node, found)
      return found
    }
    if (isScalar(this.typeOf(node))) return ONE
    return node.op === 'ident' ? this.#local(node.name)?.size : undefined
  }

  sizeOrUnknown(node: Expression): Range {
    return this.sizeOf(node) ?? UNKNOWN
  }

  /** Joins what is known of the entries of two parts for a call that gives one or both. */
  joinEntries(node: Expression, a: Expression, b: Expression): void {
    const [left, right] = [this.#entriesOf(a), this.#entriesOf(b)]
    if (!left || !right) return
    this.#entries.set(node, {
      container: left.container,
      key: union(left.key, right.key),
      value: union(left.value, right.value),
    })
  }

  #local(name: string): Local | undefined {
    return this.#locals.get(name)?.at(-1)
  }

  #push(name: string, local: Local): void {
    const stack = this.#locals.get(name) ?? []
    stack.push(local)
    this.#locals.set(name, stack)
  }

  #pop(name: string): void {
    this.#locals.get(name)!.pop()
  }

  #pathOf(node: Expression): readonly string[] {
    if (node.op === 'ident') {
      const local = this.#local(node.name)
      if (local) return local.path
    }
    return this.#paths.get(node) ?? []
  }

  #entriesOf(node: Expression): Entries | undefined {
    const known = this.#entries.get(node)
    if (known) return known
    return node.op === 'ident' ? this.#local(node.name)?.entries : undefined
  }

  #copy(to: Expression, from: Expression): void {
    const size = this.sizeOf(from)
    if (size) this.#sizes.set(to, size)
    const entries = this.#entriesOf(from)
    if (entries) this.#entries.set(to, entries)
  }

  #identCost(node: Expression, name: string): Range {
    this.#paths.set(node, this.#local(name)?.path ?? [name])
    return ONE
  }

  #selectCost(node: Select): Range {
    const operand = this.cost(node.operand)
    if (node.isTest) return operand
    const { kind } = this.typeOf(node.operand)
    this.#paths.set(node, [...this.#pathOf(node.operand), node.field])
    return kind === 'map' || kind === 'struct' || kind === 'param' ? add(operand, ONE) : operand
  }

  #callCost(node: Call): Range {
    if (node.name === 'dyn') {
      const cost = add(ONE, this.cost(node.args[0]!))
      this.#copy(node, node.args[0]!)
      return cost
    }
    const costs = node.args.map(arg => this.cost(arg))
    const args = node.args.map(arg => this.part(arg))
    const before = node.target ? this.cost(node.target) : NOTHING
    const target = node.target ? this.part(node.target) : undefined
    const overloads = this.#checked.overloads.get(node)?.map(({ id }) => id) ?? ['select_optional_field']
    let cost = NOT_YET
    let size: Range | undefined
    for (const overload of overloads) {
      const call = estimateCall(this, node, overload, { target, args, costs })
      cost = union(cost, call.cost)
      if (call.size) size = size ? union(size, call.size) : call.size
      if (overload === 'index_list' || overload === 'index_map') size = this.#indexed(node, overload)
      size ??= this.sizeOf(node)
    }
    if (size) this.#sizes.set(node, size)
    return add(before, cost)
  }

  #indexed(node: Call, overload: string): Range | undefined {
    const [container] = node.args as [Expression]
    this.#paths.set(node, [...this.#pathOf(container), overload === 'index_list' ? '@items' : '@values'])
    return this.#entriesOf(container)?.value
  }

  #sizeRange(nodes: readonly Expression[]): Range {
    return nodes.reduce(
      (range, node) => union(range, this.sizeOrUnknown(node)),
      nodes.length === 0 ? NOTHING : NOT_YET,
    )
  }

  #listCost(node: List): Range {
    const { items } = node
    const cost = items.reduce((sum, item) => add(sum, this.cost(item)), fixed(10))
    const value = this.#sizeRange(items)
    this.#entries.set(node, { container: 'list', key: ONE, value })
    return cost
  }

  #mapCost(node: MapLiteral): Range {
    const cost = node.entries.reduce(
      (sum, { key, value }) => add(sum, add(this.cost(key), this.cost(value))),
      fixed(30),
    )
    const key = this.#sizeRange(node.entries.map(entry => entry.key))
    const value = this.#sizeRange(node.entries.map(entry => entry.value))
    this.#entries.set(node, { container: 'map', key, value })
    return cost
  }

  #bindCost(node: Fold): Range {
    const { range, initial, accumulator, result } = node
    const sum = add(this.cost(range), this.cost(initial))
    this.#pushValue(accumulator, initial)
    const cost = add(sum, this.cost(result))
    this.#pop(accumulator)
    this.#copy(node, result)
    return cost
  }

  #pushValue(name: string, node: Expression): void {
    this.#push(name, { path: this.#pathOf(node), size: this.sizeOf(node), entries: this.#entriesOf(node) })
  }

  /** The variables of a macro stand for the keys, places or items of what it goes over. */
  #pushVariables({ range, variable, second }: Fold): void {
    const entries = this.#entriesOf(range)
    const isList = (entries?.container ?? this.typeOf(range).kind) === 'list'
    const path = this.#pathOf(range)
    const key: Local = {
      path: [...path, isList ? '@indices' : '@keys'],
      size: entries?.key,
      entries: undefined,
    }
    const value: Local = {
      path: [...path, isList ? '@items' : '@values'],
      size: entries?.value,
      entries: undefined,
    }
    if (second === undefined) this.#push(variable, isList ? value : key)
    else {
      this.#push(variable, key)
      this.#push(second, value)
    }
  }

  #foldCost(node: Fold): Range {
    const { range, initial, accumulator, condition, step, result } = node
    let sum = add(this.cost(range), this.cost(initial))
    this.#pushValue(accumulator, initial)
    this.#pushVariables(node)
    const round = add(this.cost(condition), this.cost(step))
    this.#pop(node.variable)
    if (node.second !== undefined) this.#pop(node.second)
    sum = add(sum, this.cost(result))
    this.#pop(accumulator)
    const count = this.sizeOrUnknown(range)
    this.#keepSize(node, count)
    return add(sum, multiply(count, round))
  }

  #keepSize(node: Fold, count: Range): void {
    if (node.initial.op === 'literal') {
      const size = this.sizeOf(node.initial)
      if (size) this.#sizes.set(node, size)
    } else if (node.initial.op === 'list' || node.initial.op === 'map') {
      this.#sizes.set(node, count)
      const entries = this.#entriesOf(node.step)
      if (entries) this.#entries.set(node, entries)
    }
  }
}
