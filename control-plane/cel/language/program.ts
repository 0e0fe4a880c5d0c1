import { appending, checkPattern, folded, invoke } from './calls.ts'
import type { Checked } from './checker.ts'
import { listOf, mapOf, structOf } from './containers.ts'
import type { Environment } from './environment.ts'
import { initialOf, iterate, loopOf } from './folds.ts'
import {
  attribute,
  type Budget,
  charge,
  constant,
  Failure,
  type Frame,
  type Plan,
  type Run,
} from './frame.ts'
import { logic, notFalse, optionalOr } from './logic.ts'
import { callCost } from './runtime-cost.ts'
import { fieldOf, hasField, itemOf, optionalField, optionalItem } from './selection.ts'
import {
  type Call,
  type Expression,
  type Fold,
  isBind,
  type List,
  type MapLiteral,
  type Select,
  type Struct,
} from './syntax.ts'
import { EvaluationError, noSuchOverload, type Value } from './values.ts'

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
        return logic(this.#runs(node.args), false)
      case '_||_':
        return logic(this.#runs(node.args), true)
      case '_?_:_':
        return this.#conditional(node)
      case '_[_]':
        return this.#index(node, itemOf)
      case '_[?_]':
        return this.#index(node, optionalItem)
      case '_?._':
        return this.#optionalSelect(node)
      case '@not_strictly_false':
        return notFalse(this.plan(node.args[0]!).run)
      case 'or':
      case 'orValue':
        return optionalOr(this.plan(node.target!).run, this.plan(node.args[0]!).run, node.name === 'orValue')
      default:
        return this.#function(node)
    }
  }

  #runs(nodes: Expression[]): Run[] {
    return nodes.map(node => this.plan(node).run)
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

  #function(node: Call): Plan {
    const overloads = this.#checked.overloads.get(node)!
    const nodes = node.target ? [node.target, ...node.args] : node.args
    const plans = nodes.map(arg => this.plan(arg))
    const known = folded(node, overloads, plans) ?? appending(node, plans)
    if (known) return known
    checkPattern(node, plans[1])
    const cost = callCost(node.name, overloads.length === 1 ? overloads[0]!.id : '')
    const types = nodes.map(arg => this.#checked.types.get(arg)!)
    return { run: invoke(overloads, types, plans, cost) }
  }

  #list({ items, optional }: List): Plan {
    return listOf(items.map((item, i) => ({ plan: this.plan(item), isOptional: optional.has(i) })))
  }

  #map({ entries }: MapLiteral): Plan {
    return mapOf(
      entries.map(({ key, value, isOptional }) => ({
        key: this.plan(key),
        plan: this.plan(value),
        isOptional,
      })),
    )
  }

  #struct({ name, fields }: Struct): Plan {
    const parts = fields.map(field => ({ ...field, plan: this.plan(field.value) }))
    return structOf(this.#environment.structNamed(name)!, parts)
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
      const loop = this.#within(names, () => {
        const condition = node.condition.op === 'literal' ? undefined : this.plan(node.condition).run
        return loopOf(condition, this.plan(node.step).run, into)
      })
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
}
