import type { Overloads } from '../language/environment.ts'
import { compare } from '../language/standard.ts'
import { checkDuration } from '../language/times.ts'
import {
  checkInt,
  checkUint,
  Duration,
  EvaluationError,
  isEqual,
  Uint,
  type Value,
} from '../language/values.ts'
import { addAll, type Register } from './types.ts'

/** Types of items that are in an order. */
const ORDERED = ['int', 'uint', 'double', 'bool', 'duration', 'timestamp', 'string', 'bytes']

/** Types of items that can be added up: nothing, and how. */
const SUMMED: Record<string, { zero: Value; add: (a: any, b: any) => Value }> = {
  int: { zero: 0n, add: (a: bigint, b: bigint) => checkInt(a + b) },
  uint: { zero: new Uint(0n), add: (a: Uint, b: Uint) => checkUint(a.value + b.value) },
  double: { zero: 0, add: (a: number, b: number) => a + b },
  duration: { zero: new Duration(0n), add: (a: Duration, b: Duration) => checkDuration(a.nanos + b.nanos) },
}

/** Overloads of a function of lists, one a type of items. */
function overloads(
  types: string[],
  id: (type: string) => string,
  result: string,
  call: (...args: any[]) => Value,
): Overloads {
  const pairs = types.map(type => [id(type), [`list(${type}).(): ${result || type}`, call]] as const)
  return Object.fromEntries(pairs)
}

/** Kubernetes' functions of lists, and cel-go's of sets. */
export const registerLists: Register = environment => {
  const sum: Overloads = Object.fromEntries(
    Object.entries(SUMMED).map(([type, { zero, add }]) => [
      `list_${type}_sum_${type}`,
      [`list(${type}).(): ${type}`, (list: Value[]) => list.reduce(add, zero)],
    ]),
  )
  addAll(environment, {
    isSorted: overloads(ORDERED, type => `list_${type}_is_sorted_bool`, 'bool', isSorted),
    sum,
    max: overloads(
      ORDERED,
      type => `list_${type}_max_${type}`,
      '',
      best('max', order => order > 0),
    ),
    min: overloads(
      ORDERED,
      type => `list_${type}_min_${type}`,
      '',
      best('min', order => order < 0),
    ),
    indexOf: {
      list_a_index_of_int: [
        'list(A).(A): int',
        (list: Value[], value: Value) => BigInt(list.findIndex(item => isEqual(item, value))),
      ],
    },
    lastIndexOf: {
      list_a_last_index_of_int: [
        'list(A).(A): int',
        (list: Value[], value: Value) => BigInt(list.findLastIndex(item => isEqual(item, value))),
      ],
    },
    'sets.contains': { list_sets_contains_list: ['(list(T), list(T)): bool', containsAll] },
    'sets.equivalent': {
      list_sets_equivalent_list: [
        '(list(T), list(T)): bool',
        (a: Value[], b: Value[]) => containsAll(a, b) && containsAll(b, a),
      ],
    },
    'sets.intersects': {
      list_sets_intersects_list: [
        '(list(T), list(T)): bool',
        (a: Value[], b: Value[]) => a.some(item => includes(b, item)),
      ],
    },
  })
}

const isSorted = (list: Value[]): boolean =>
  list.every((item, i) => i === 0 || compare(list[i - 1], item) <= 0)

const best =
  (name: string, isBetter: (order: number) => boolean) =>
  (list: Value[]): Value => {
    if (list.length === 0) throw new EvaluationError(`${name} called on empty list`)
    return list.reduce((found, item) => (isBetter(compare(item, found)) ? item : found))
  }

const includes = (list: Value[], value: Value): boolean => list.some(item => isEqual(item, value))

const containsAll = (list: Value[], others: Value[]): boolean => others.every(item => includes(list, item))
