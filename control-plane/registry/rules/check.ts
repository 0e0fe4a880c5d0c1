import { isEqual } from '../../../api/meta/equal.ts'
import {
  duplicateValue,
  type FieldError,
  forbiddenField,
  invalidValue,
  notSupported,
  required as requiredError,
} from '../../../api/meta/status.ts'

/** What is wrong with a value that stands at a path. Rules are pure and never change the value. */
export interface Rule<T = any> {
  (value: T, path: string): readonly FieldError[]
  /** True for rules that are also asked about a field that is not there. */
  seesMissing?: boolean
}

/** Shared, as most values are fine. */
export const FINE: readonly FieldError[] = Object.freeze([])

/** Left out, null, or what Go holds in its place: an empty string, list or map, zero. */
export function isEmpty(value: unknown): boolean {
  if (value === undefined || value === null || value === '' || value === 0) return true
  if (typeof value !== 'object') return false
  return Array.isArray(value) ? value.length === 0 : Object.keys(value).length === 0
}

/** All faults of several lists in one; what is false, empty or not there counts for none. */
export function collect(
  ...lists: (readonly FieldError[] | false | '' | 0 | null | undefined)[]
): readonly FieldError[] {
  const full = lists.filter(list => list && list.length > 0) as (readonly FieldError[])[]
  if (full.length === 0) return FINE
  return full.length === 1 ? full[0]! : full.flat()
}

/** The rules of an object's fields, applied in the order of the table. Fields that are not there are fine. */
export function fields(table: Record<string, Rule>): Rule {
  const rules = Object.entries(table)
  return (object, path) => {
    let faults: FieldError[] | undefined
    for (const [field, rule] of rules) {
      const value = object[field]
      if (isMissing(value) && !rule.seesMissing) continue
      const found = rule(value, path === '' ? field : `${path}.${field}`)
      if (found.length > 0) {
        faults ??= []
        faults.push(...found)
      }
    }
    return faults ?? FINE
  }
}

const isMissing = (value: unknown): boolean => value === undefined || value === null || value === ''

/** All rules, one after another. */
export const all =
  <T = any>(...rules: Rule<T>[]): Rule<T> =>
  (value, path) =>
    collect(...rules.map(rule => rule(value, path)))

/** The rule for each item of a list. */
export const each =
  <T = any>(rule: Rule<T>): Rule<readonly T[]> =>
  (items, path) => {
    let faults: FieldError[] | undefined
    items.forEach((item, i) => {
      const found = rule(item, `${path}[${i}]`)
      if (found.length > 0) {
        faults ??= []
        faults.push(...found)
      }
    })
    return faults ?? FINE
  }

/** A value there must be, and the rule for it where it is. */
export function required<T = any>(rule?: Rule<T>, detail = ''): Rule<T> {
  const check: Rule<T> = (value, path) => {
    if (isEmpty(value)) return [requiredError(path, detail)]
    return rule ? rule(value, path) : FINE
  }
  check.seesMissing = true
  return check
}

/** The rule also sees a value that is not there. */
export function always<T = any>(rule: Rule<T>): Rule<T> {
  const check: Rule<T> = (value, path) => rule(value, path)
  check.seesMissing = true
  return check
}

/** A text that passes one of the tests of `api/meta/validation.ts`; one that is not there is empty. */
export const text =
  <T>(faultsOf: (value: T) => readonly string[]): Rule<T> =>
  (value, path) => {
    const given = (value ?? '') as T
    const faults = faultsOf(given)
    return faults.length === 0 ? FINE : faults.map(fault => invalidValue(path, given, fault))
  }

/** One of some values. */
export const oneOf = (...values: readonly string[]): Rule<string> => {
  const known = new Set(values)
  return (value, path) => (known.has(value) ? FINE : [notSupported(path, value, values)])
}

/** One of some values, which must be there. */
export const requiredOneOf = (...values: readonly string[]): Rule<string> => required(oneOf(...values))

export const nonNegative: Rule<number> = (value, path) =>
  value < 0 ? [invalidValue(path, value, 'must be greater than or equal to 0')] : FINE

/** A whole number within bounds, both included. */
export const between =
  (least: number, most: number): Rule<number> =>
  (value, path) =>
    value >= least && value <= most
      ? FINE
      : [invalidValue(path, value, `must be between ${least} and ${most}, inclusive`)]

/** A fault when the test fails. */
export const must =
  <T = any>(test: (value: T) => boolean, detail: string): Rule<T> =>
  (value, path) =>
    test(value) ? FINE : [invalidValue(path, value, detail)]

/** A field that may not be set here. */
export const forbidden =
  (detail: string): Rule =>
  (value, path) =>
    isEmpty(value) ? FINE : [forbiddenField(path, detail)]

/** No two items of a list alike. `at` adds to the path of the item. */
export const unique =
  <T = any>(key: (item: T) => unknown = item => item, at = ''): Rule<readonly T[]> =>
  (items, path) => {
    const seen = new Set<unknown>()
    const faults: FieldError[] = []
    items.forEach((item, i) => {
      const own = key(item)
      if (own === undefined || own === '') return
      if (seen.has(own)) faults.push(duplicateValue(`${path}[${i}]${at}`, own))
      seen.add(own)
    })
    return faults
  }

export const IMMUTABLE = 'field is immutable'

/** Faults of a field that an update changed and may not. Empty and left out are the same. */
export function unchanged(path: string, value: unknown, old: unknown): readonly FieldError[] {
  if (isSame(value, old)) return FINE
  return [invalidValue(path, value ?? null, IMMUTABLE)]
}

/** Equal as Go's semantic equality has it: an empty list or map is as good as none. */
export const isSame = (a: unknown, b: unknown): boolean =>
  isEqual(a, b) || (isEmptyContainer(a) && isEmptyContainer(b))

const isEmptyContainer = (value: unknown): boolean => typeof value !== 'number' && isEmpty(value)
