import { compilePattern } from '../../../api/schema/structural/pattern.ts'
import type { Overload } from './environment.ts'
import { charge, constant, type Frame, InstantiationError, type Plan, type Run } from './frame.ts'
import type { CallCost } from './runtime-cost.ts'
import { ACCUMULATOR, type Call } from './syntax.ts'
import type { Type } from './types.ts'
import { EvaluationError, keyOf, noSuchOverload, typeOfValue, type Value } from './values.ts'

const CONVERSIONS = new Set('bool bytes double dyn duration int string timestamp type uint'.split(' '))

/** Conversions of constants are done once, and whether something is in a list of constants is looked up. */
export function folded({ name }: Call, overloads: readonly Overload[], plans: Plan[]): Plan | undefined {
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
export function appending({ name, args }: Call, plans: Plan[]): Plan | undefined {
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
export function checkPattern({ name }: Call, pattern: Plan | undefined): void {
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

export function invoke(
  overloads: readonly Overload[],
  types: Type[],
  plans: Plan[],
  cost: CallCost | number,
): Run {
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
