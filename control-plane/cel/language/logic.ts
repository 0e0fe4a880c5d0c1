import { charge, type Plan, type Run } from './frame.ts'
import { EvaluationError, noSuchOverload, Optional, type Value } from './values.ts'

/** Any argument that decides decides, whatever is wrong with the others. */
export function logic(terms: Run[], decisive: boolean): Plan {
  return {
    run: frame => {
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
    },
  }
}

/** Whether a condition of a macro is not false: one that failed is not. */
export function notFalse(condition: Run): Plan {
  return {
    run: frame => {
      let value: Value = true
      try {
        value = condition(frame)
      } catch (error) {
        if (!(error instanceof EvaluationError)) throw error
      }
      charge(frame, 1)
      return value !== false
    },
  }
}

/** An optional value, or another (`or`) where it is none; with `isValue` what is in it (`orValue`). */
export function optionalOr(left: Run, right: Run, isValue: boolean): Plan {
  return {
    run: frame => {
      const value = left(frame)
      if (!(value instanceof Optional)) throw noSuchOverload()
      if (!value.hasValue) return right(frame)
      return isValue ? value.value : value
    },
  }
}
