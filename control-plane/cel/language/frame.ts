import type { EvaluationError, Value } from './values.ts'

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
export interface Frame {
  variables: Readonly<Record<string, Value>>
  budget: Budget
  /** Values of the variables of macros. */
  slots: Value[]
}

export type Run = (frame: Frame) => Value

/**
 * How a part is evaluated. A path of fields and indexes is one attribute to cel-go, charged once more than it has parts
 * (`base`), but not where it stands in an index or a branch: there it is run `bare`.
 */
export interface Plan {
  run: Run
  bare?: Run
  base?: number
  constant?: { value: Value }
}

export function charge({ budget }: Frame, cost: number): void {
  budget.left -= cost
  if (budget.left < 0) throw new CostError()
}

export const constant = (value: Value): Plan => ({ run: () => value, constant: { value } })

export function attribute(bare: Run, base: number): Plan {
  const charged: Run = frame => {
    charge(frame, base)
    return bare(frame)
  }
  return { bare, base, run: base === 0 ? bare : charged }
}

/** An error in the accumulator of a macro: it may be that it does not matter in the end. */
export class Failure {
  readonly error: EvaluationError

  constructor(error: EvaluationError) {
    this.error = error
  }
}
