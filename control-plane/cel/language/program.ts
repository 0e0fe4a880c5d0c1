import { compilePattern } from '../../../api/schema/structural/pattern.ts'
import type { Checked } from './checker.ts'
import type { Environment, Overload } from './environment.ts'
import { type CallCost, callCost } from './runtime-cost.ts'
import { fieldOf, hasField, itemOf, optionalField, optionalItem } from './selection.ts'
import {
  ACCUMULATOR,
  type Call,
  type Expression,
  type Fold,
  type List,
  type MapLiteral,
  type Select,
  type Struct,
} from './syntax.ts'
import type { Type } from './types.ts'
import { EvaluationError, keyOf, noSuchOverload, Optional, typeOfValue, type Value } from './values.ts'

/** What the expressions of one evaluation may cost together. Counted down; below zero evaluation ends. */
export interface Budget {
  left: number
}

/** Thrown when a budget is used up. */
export class CostError extends Error {
  readonly code = 'CEL_COST'

  constructor() {
    super('operation cancelled: actual cost limit exceeded')
  }
}

/** A call of constants that fails whenever the expression is run. */
export class InstantiationError extends Error {
  readonly code = 'CEL_INSTANTIATION'
}

/** One evaluation. */
interface Frame {
  variables: Readonly<Record<string, Value>>
  budget: Budget
  /** Values of the variables of macros. */
  slots: Value[]
}

type Run = (frame: Frame) => Value

/**
 * How a part is evaluated. A path of fields and indexes is one attribute to cel-go, charged once more than it has parts
 * (`base`), but not where it stands in an index or a branch: there it is run `bare`.
 */
interface Plan {
  run: Run
  bare?: Run
  base?: number
  constant?: { value: Value }
}

/** A checked expression as a function. @throws InstantiationError */
export function plan(
  checked: Checked,
  environment: Environment,
): (variables: Frame['variables'], budget: Budget) => Value {
  const planner = new Planner(checked, environment)
  const { run } = planner.plan(checked.root)
  const count = planner.slotCount
  return (variables, budget) => run({ variables, budget, slots: count > 0 ? new Array(count) : NO_SLOTS })
}

const NO_SLOTS: Value[] = []

function charge({ budget }: Frame, cost: number): void {
  budget.left -= cost
  if (budget.left < 0) throw new CostError()
}

const constant = (value: Value): Plan => ({ run: () => value, constant: { value } })

function attribute(bare: Run, base: number): Plan {
  const charged: Run = frame => {
    charge(frame, base)
    return bare(frame)
  }
  return { bare, base, run: base === 0 ? bare : charged }
}

/** An error in the accumulator of a macro: it may be that it does not matter in the end. */
class Failure {
  readonly error: EvaluationError

  constructor(error: EvaluationError) {
    this.error = error
  }
}

const LIST_COST = 10
const MAP_COST = 30
const STRUCT_COST = 40

const CONVERSIONS = new Set('bool bytes double dyn duration int string timestamp type uint'.split(' '))

class Planner {
  slotCount = 0
  readonly #checked: Checked
  readonly #environment: Environment
  #scopes: Map<string, number>[] = []

  constructor(checked: Checked, environment: Environment) {
    this.#checked = checked
    this.#environment = environment
  }

  plan(node: Expression): Plan {
    if (this.#checked.constants.has(node)) return constant(this.#checked.constants.get(node))
    const variable = this.#checked.variables.get(node)
    if (variable !== undefined) return this.#variable(variable)
    switch (node.op) {
      case 'literal':
        return constant(node.value)
      case 'ident':
        return this.#ident(node.name)
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
        return isBind(node) ? this.#bind(node) : this.#fold(node)
    }
  }

  #ident(name: string): Plan {
    for (const scope of this.#scopes) {
      const slot = scope.get(name)
      if (slot !== undefined) return this.#local(slot)
    }
    return this.#variable(name)
  }

  #local(slot: number): Plan {
    return attribute(({ slots }) => {
      const value = slots[slot]
      if (value instanceof Failure) throw value.error
      return value
    }, 1)
  }

  #variable(name: string): Plan {
    return attribute(({ variables }) => {
      const value = variables[name]
      if (value === undefined) throw new EvaluationError(`no such attribute(s): ${name}`)
      return value
    }, 1)
  }

  /** What fields are taken of, and what that adds to the cost of the whole. */
  #operand(node: Expression): { of: Run; base: number } {
    const { run, bare, base } = this.plan(node)
    return bare ? { of: bare, base: base! } : { of: run, base: 1 }
  }

  #select({ operand, field, isTest }: Select): Plan {
    const { of, base } = this.#operand(operand)
    if (isTest)
      return {
        run: frame => {
          const value = of(frame)
          charge(frame, 1)
          return hasField(value, field)
        },
      }
    return attribute(frame => {
      const value = of(frame)
      charge(frame, 1)
      return fieldOf(value, field)
    }, base)
  }

  #call(node: Call): Plan {
    switch (node.name) {
      case '_&&_':
        return this.#logic(node, false)
      case '_||_':
        return this.#logic(node, true)
      case '_?_:_':
        return this.#conditional(node)
      case '_[_]':
        return this.#index(node, itemOf)
      case '_[?_]':
        return this.#index(node, optionalItem)
      case '_?._':
        return this.#optionalSelect(node)
      case '@not_strictly_false':
        return this.#notFalse(node)
      case 'or':
      case 'orValue':
        return this.#optionalOr(node)
      default:
        return this.#function(node)
    }
  }

  /** Any argument that decides decides, whatever is wrong with the others. */
  #logic({ args }: Call, decisive: boolean): Plan {
    const terms = args.map(arg => this.plan(arg).run)
    const evaluate: Run = frame => {
      let error: EvaluationError | undefined
      for (const term of terms) {
        try {
          const value = term(frame)
          if (value === decisive) return decisive
          if (value !== !decisive) error ??= noSuchOverload()
        } catch (thrown) {
          if (!(thrown instanceof EvaluationError)) throw thrown
          error ??= thrown
        }
      }
      if (error) throw error
      return !decisive
    }
    return { run: evaluate }
  }

  #conditional({ args }: Call): Plan {
    const [condition, left, right] = args.map(arg => this.plan(arg)) as [Plan, Plan, Plan]
    const [then, otherwise] = [left.bare ?? left.run, right.bare ?? right.run]
    return attribute(frame => {
      const value = condition.run(frame)
      if (typeof value !== 'boolean') throw noSuchOverload()
      return value ? then(frame) : otherwise(frame)
    }, 0)
  }

  #index({ args }: Call, get: (value: Value, index: Value) => Value): Plan {
    const { of, base } = this.#operand(args[0]!)
    const index = this.plan(args[1]!)
    const at = index.bare ?? index.run
    return attribute(frame => {
      const value = of(frame)
      const key = at(frame)
      charge(frame, 1)
      return get(value, key)
    }, base)
  }

  #optionalSelect({ args }: Call): Plan {
    const { of, base } = this.#operand(args[0]!)
    const field = (args[1] as { value: string }).value
    return attribute(frame => {
      const value = of(frame)
      charge(frame, 1)
      return optionalField(value, field)
    }, base)
  }

  #notFalse({ args }: Call): Plan {
    const { run } = this.plan(args[0]!)
    return {
      run: frame => {
        let value: Value = true
        try {
          value = run(frame)
        } catch (error) {
          if (!(error instanceof EvaluationError)) throw error
        }
        charge(frame, 1)
        return value !== false
      },
    }
  }

  #optionalOr({ name, target, args }: Call): Plan {
    const [left, right] = [this.plan(target!).run, this.plan(args[0]!).run]
    const isValue = name === 'orValue'
    return {
      run: frame => {
        const value = left(frame)
        if (!(value instanceof Optional)) throw noSuchOverload()
        if (!value.hasValue) return right(frame)
        return isValue ? value.value : value
      },
    }
  }

  #function(node: Call): Plan {
    const overloads = this.#checked.overloads.get(node)!
    const nodes = node.target ? [node.target, ...node.args] : node.args
    const plans = nodes.map(arg => this.plan(arg))
    const folded = this.#folded(node, overloads, plans)
    if (folded) return folded
    const append = this.#appending(node, plans)
    if (append) return append
    checkPattern(node, plans[1])
    const cost = callCost(node.name, overloads.length === 1 ? overloads[0]!.id : '')
    const types = nodes.map(arg => this.#checked.types.get(arg)!)
    return { run: invoke(overloads, types, plans, cost) }
  }

  /** Conversions of constants are done once, and whether something is in a list of constants is looked up. */
  #folded({ name }: Call, overloads: readonly Overload[], plans: Plan[]): Plan | undefined {
    const [first, second] = plans
    if (CONVERSIONS.has(name) && plans.length === 1 && first!.constant) {
      try {
        return constant(dispatch(overloads, [first!.constant.value]))
      } catch (error) {
        throw new InstantiationError((error as Error).message, { cause: error })
      }
    }
    const list = name === '@in' ? second!.constant?.value : undefined
    if (!Array.isArray(list) || !list.every(isPrimitive)) return undefined
    if (list.length === 0) return constant(false)
    const set = new Set(list.map(keyOf))
    return { run: frame => set.has(keyOf(first!.run(frame))) }
  }

  /** What a macro gathers is nobody else's: it is added to in place. */
  #appending({ name, args }: Call, plans: Plan[]): Plan | undefined {
    const isOwn = args[0]?.op === 'ident' && args[0].name === ACCUMULATOR
    if (name === '_+_' && isOwn && args[1]!.op === 'list') {
      const [into, items] = plans as [Plan, Plan]
      return {
        run: frame => {
          const list = into.run(frame) as Value[]
          for (const item of items.run(frame) as Value[]) list.push(item)
          charge(frame, 1)
          return list
        },
      }
    }
    if (name !== 'cel.@mapInsert' || !isOwn) return undefined
    return {
      run: frame =>
        insert(
          plans.map(({ run }) => run(frame)),
          frame,
        ),
    }
  }

  #list({ items, optional }: List): Plan {
    const plans = items.map(item => this.plan(item))
    if (optional.size === 0 && plans.every(({ constant }) => constant))
      return constant(plans.map(item => item.constant!.value))
    const runs = plans.map(({ run }) => run)
    return {
      run: frame => {
        const list: Value[] = []
        for (let i = 0; i < runs.length; i++) {
          const value = runs[i]!(frame)
          if (!optional.has(i)) list.push(value)
          else if (!(value instanceof Optional)) throw noSuchOverload()
          else if (value.hasValue) list.push(value.value)
        }
        charge(frame, LIST_COST)
        return list
      },
    }
  }

  #map({ entries }: MapLiteral): Plan {
    const plans = entries.map(({ key, value, isOptional }) => ({
      key: this.plan(key),
      value: this.plan(value),
      isOptional,
    }))
    const build: Run = frame => {
      const map = new Map<Value, Value>()
      for (const { key, value, isOptional } of plans) {
        const at = keyOf(key.run(frame))
        const member = value.run(frame)
        if (map.has(at)) throw new EvaluationError(`Failed with repeated key`)
        if (!isOptional) map.set(at, member)
        else if (!(member instanceof Optional)) throw noSuchOverload()
        else if (member.hasValue) map.set(at, member.value)
      }
      return map
    }
    const isConstant = plans.every(
      ({ key, value, isOptional }) => key.constant && value.constant && !isOptional,
    )
    if (isConstant && entries.length > 0) return constant(build(undefined as never))
    const cost = isConstant ? 0 : MAP_COST
    return {
      run: frame => {
        const map = build(frame)
        charge(frame, cost)
        return map
      },
    }
  }

  #struct({ name, fields }: Struct): Plan {
    const { create } = this.#environment.structNamed(name)!
    if (!create) throw new InstantiationError(`unable to create type '${name}'`)
    const plans = fields.map(field => ({ ...field, run: this.plan(field.value).run }))
    return {
      run: frame => {
        const values = new Map<string, Value>()
        for (const { name: key, run, isOptional } of plans) {
          const value = run(frame)
          if (!isOptional) values.set(key, value)
          else if (!(value instanceof Optional)) throw noSuchOverload()
          else if (value.hasValue) values.set(key, value.value)
        }
        charge(frame, STRUCT_COST)
        return create(values)
      },
    }
  }

  /** A name for a value, which is not computed before it is asked for. */
  #bind({ accumulator, initial, result }: Fold): Plan {
    const slot = this.slotCount++
    const value = this.plan(initial).run
    const body = this.#within(new Map([[accumulator, slot]]), () => this.plan(result).run)
    return {
      run: frame => {
        frame.slots[slot] = value(frame)
        return body(frame)
      },
    }
  }

  #within<T>(scope: Map<string, number>, work: () => T): T {
    this.#scopes.unshift(scope)
    try {
      return work()
    } finally {
      this.#scopes.shift()
    }
  }

  #fold(node: Fold): Plan {
    const range = this.plan(node.range).run
    const initial = initialOf(node.initial, this.plan(node.initial).run)
    const into = this.slotCount++
    const first = this.slotCount++
    const second = node.second === undefined ? undefined : this.slotCount++
    return this.#within(new Map([[node.accumulator, into]]), () => {
      const names = new Map([[node.variable, first]])
      if (node.second !== undefined) names.set(node.second, second!)
      const loop = this.#within(names, () => this.#loop(node, into))
      const result = this.plan(node.result).run
      return {
        run: frame => {
          const over = range(frame)
          frame.slots[into] = initial(frame)
          iterate(over, frame, first, second, loop)
          return result(frame)
        },
      }
    })
  }

  /** One round: false when there is no need for more. */
  #loop({ condition, step }: Fold, into: number): (frame: Frame) => boolean {
    const advance = this.plan(step).run
    if (condition.op === 'literal') {
      return frame => {
        frame.slots[into] = advance(frame)
        return true
      }
    }
    const proceed = this.plan(condition).run
    return frame => {
      if (proceed(frame) !== true) return false
      try {
        frame.slots[into] = advance(frame)
      } catch (error) {
        if (!(error instanceof EvaluationError)) throw error
        frame.slots[into] = new Failure(error)
      }
      return true
    }
  }
}

/** The fold that gives a name to a value goes over nothing. */
const isBind = ({ range, condition, accumulator }: Fold): boolean =>
  range.op === 'list' &&
  range.items.length === 0 &&
  condition.op === 'literal' &&
  condition.value === false &&
  accumulator !== ACCUMULATOR

/** Lists and maps to gather in are new in each evaluation. */
function initialOf(node: Expression, run: Run): Run {
  if (node.op === 'list' && node.items.length === 0) return () => []
  if (node.op === 'map' && node.entries.length === 0) return () => new Map()
  return run
}

function iterate(
  over: Value,
  frame: Frame,
  first: number,
  second: number | undefined,
  loop: (frame: Frame) => boolean,
): void {
  const { slots } = frame
  if (Array.isArray(over)) {
    for (let i = 0; i < over.length; i++) {
      if (second === undefined) slots[first] = over[i]
      else {
        slots[first] = BigInt(i)
        slots[second] = over[i]
      }
      if (!loop(frame)) return
    }
  } else if (over instanceof Map) {
    for (const key of over.keys()) {
      slots[first] = key
      if (second !== undefined) slots[second] = over.get(key)
      if (!loop(frame)) return
    }
  } else throw noSuchOverload()
}

function insert([map, key, value]: Value[], frame: Frame): Value {
  charge(frame, 1)
  const into = map as Map<Value, Value>
  const entries = key instanceof Map ? [...key] : [[keyOf(key), value] as const]
  for (const [name, member] of entries) {
    if (into.has(name)) throw new EvaluationError(`insert failed: key ${String(name)} already exists`)
    into.set(name, member)
  }
  return into
}

const PATTERN_FUNCTIONS = new Set(['matches', 'find', 'findAll'])

/** A pattern that is written out must be one. @throws InstantiationError */
function checkPattern({ name }: Call, pattern: Plan | undefined): void {
  if (!PATTERN_FUNCTIONS.has(name) || typeof pattern?.constant?.value !== 'string') return
  try {
    compilePattern(pattern.constant.value)
  } catch (cause) {
    throw new InstantiationError((cause as Error).message, { cause })
  }
}

const isPrimitive = (value: Value): boolean =>
  (typeof value !== 'object' && typeof value !== 'function') || keyOf(value) !== value

const UNSURE = new Set(['dyn', 'error', 'param'])

/** Whether a value can be an argument of a type, as far as can be seen from outside. */
function fits(value: Value, { kind, name, parameters }: Type): boolean {
  if (UNSURE.has(kind)) return true
  const type = typeOfValue(value)
  if (type.kind !== kind) return false
  if (kind === 'list') return (value as Value[]).length === 0 || fits((value as Value[])[0], parameters[0]!)
  return kind === 'map' || type.name === name
}

function dispatch(overloads: readonly Overload[], args: Value[]): Value {
  for (const { parameters, call } of overloads)
    if (call && parameters.every((type, i) => fits(args[i], type))) return call(...args)
  throw noSuchOverload()
}

/**
 * Evaluates all arguments, also behind one that fails, as cel-go does: what they cost is counted.
 * @throws EvaluationError the first one, when the call was charged for
 */
function evaluateAll(plans: Plan[], frame: Frame): Value[] {
  let error: EvaluationError | undefined
  const args: Value[] = new Array(plans.length)
  for (let i = 0; i < plans.length; i++) {
    try {
      args[i] = plans[i]!.run(frame)
    } catch (thrown) {
      if (!(thrown instanceof EvaluationError)) throw thrown
      error ??= thrown
    }
  }
  if (!error) return args
  charge(frame, 1)
  throw error
}

function invoke(overloads: readonly Overload[], types: Type[], plans: Plan[], cost: CallCost | number): Run {
  const call = overloads.length === 1 ? overloads[0]!.call : undefined
  const isSure =
    call !== undefined &&
    overloads[0]!.parameters.every((type, i) => UNSURE.has(type.kind) || !UNSURE.has(types[i]!.kind))
  return frame => {
    const args = evaluateAll(plans, frame)
    const value = isSure ? call(...args) : dispatch(overloads, args)
    charge(frame, typeof cost === 'number' ? cost : cost(args, value))
    return value
  }
}
