import type { StructType } from './environment.ts'
import { charge, constant, type Frame, InstantiationError, type Plan, type Run } from './frame.ts'
import { keyOf, noSuchOverload, Optional, type Value } from './values.ts'

const LIST_COST = 10
const MAP_COST = 30
const STRUCT_COST = 40

/** A part of a literal; one that is optional may be left out. */
export interface Part {
  plan: Plan
  isOptional: boolean
}

/** Hands a part's value on unless it is an optional one that is none. */
function take({ plan, isOptional }: Part, frame: Frame, add: (value: Value) => void): void {
  const value = plan.run(frame)
  if (!isOptional) add(value)
  else if (!(value instanceof Optional)) throw noSuchOverload()
  else if (value.hasValue) add(value.value)
}

/** A list; of constants alone it is a constant. */
export function listOf(parts: Part[]): Plan {
  if (parts.every(({ plan, isOptional }) => plan.constant && !isOptional))
    return constant(parts.map(({ plan }) => plan.constant!.value))
  return {
    run: frame => {
      const list: Value[] = []
      for (const part of parts) take(part, frame, value => list.push(value))
      charge(frame, LIST_COST)
      return list
    },
  }
}

/** A map; of constants alone it is a constant. */
export function mapOf(entries: (Part & { key: Plan })[]): Plan {
  const build: Run = frame => {
    const map = new Map<Value, Value>()
    for (const entry of entries) {
      const key = keyOf(entry.key.run(frame))
      take(entry, frame, value => map.set(key, value))
    }
    return map
  }
  const isConstant = entries.every(
    ({ key, plan, isOptional }) => key.constant && plan.constant && !isOptional,
  )
  if (isConstant && entries.length > 0) return constant(build(undefined as never))
  return {
    run: frame => {
      const map = build(frame)
      if (!isConstant) charge(frame, MAP_COST)
      return map
    },
  }
}

/** An object of a type. @throws InstantiationError for a type that expressions cannot make */
export function structOf({ create, type }: StructType, fields: (Part & { name: string })[]): Plan {
  if (!create) throw new InstantiationError(`unable to create type '${type.name}'`)
  return {
    run: frame => {
      const values = new Map<string, Value>()
      for (const field of fields) take(field, frame, value => values.set(field.name, value))
      charge(frame, STRUCT_COST)
      return create(values)
    },
  }
}
