import { Failure, type Frame, type Run } from './frame.ts'
import type { Expression } from './syntax.ts'
import { EvaluationError, noSuchOverload, type Value } from './values.ts'

/** Lists and maps to gather in are new in each evaluation. */
export function initialOf(node: Expression, run: Run): Run {
  if (node.op === 'list' && node.items.length === 0) return () => []
  if (node.op === 'map' && node.entries.length === 0) return () => new Map()
  return run
}

export function iterate(
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

/** One round of a macro: false when there is no need for more. */
export function loopOf(condition: Run | undefined, advance: Run, into: number): (frame: Frame) => boolean {
  if (!condition)
    return frame => {
      frame.slots[into] = advance(frame)
      return true
    }
  return frame => {
    if (condition(frame) !== true) return false
    try {
      frame.slots[into] = advance(frame)
    } catch (error) {
      if (!(error instanceof EvaluationError)) throw error
      frame.slots[into] = new Failure(error)
    }
    return true
  }
}
