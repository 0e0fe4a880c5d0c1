import type { Expression } from './syntax.ts'
import type { Type } from './types.ts'

/** The least and the most of a size or a cost. `Infinity`: there is no limit. */
export interface Range {
  min: number
  max: number
}

export const fixed = (value: number): Range => ({ min: value, max: value })
export const UNKNOWN: Range = { min: 0, max: Number.POSITIVE_INFINITY }
export const add = (a: Range, b: Range): Range => ({ min: a.min + b.min, max: a.max + b.max })
const times = (a: number, b: number): number => (a === 0 || b === 0 ? 0 : a * b)
export const multiply = (a: Range, b: Range): Range => ({
  min: times(a.min, b.min),
  max: times(a.max, b.max),
})
/** Times a factor, rounded up. */
export const scale = (range: Range, factor: number): Range => ({
  min: Math.ceil(range.min * factor),
  max: Math.ceil(range.max * factor),
})
export const union = (a: Range, b: Range): Range => ({
  min: Math.min(a.min, b.min),
  max: Math.max(a.max, b.max),
})

/** What a part of an expression is to the estimate of a call. */
export interface Part {
  node: Expression | undefined
  type: Type
  /** From a variable through fields, `@items`, `@keys` and `@values`. */
  path: readonly string[] | undefined
  size: Range | undefined
}

/** What the estimate of a call asks of the estimate of the whole. */
export interface Sizes {
  /** How large what a path leads to may be. */
  sizeAt(path: readonly string[] | undefined): Range | undefined
  /** Joins what is known of the entries of two parts for a call that gives one or both. */
  joinEntries(node: Expression, a: Expression, b: Expression): void
}
