import { addAll, addNamespace, type Register } from './types.ts'

type Comparable = string | bigint | number | boolean

/** Element types that are in an order. */
const ORDERED = ['int', 'double', 'string', 'bool', 'google.protobuf.Timestamp', 'google.protobuf.Duration']
const SUMMED: Record<string, unknown> = { int: 0n, double: 0 }

/** Kubernetes' functions of lists, and cel-go's of sets. */
export const registerLists: Register = environment => {
  for (const type of ORDERED) {
    addAll(environment, {
      [`list<${type}>.isSorted(): bool`]: (list: Comparable[]) =>
        list.every((item, i) => i === 0 || list[i - 1]! <= item),
      [`list<${type}>.min(): ${type}`]: (list: Comparable[]) => best(list, 'min', (a, b) => a < b),
      [`list<${type}>.max(): ${type}`]: (list: Comparable[]) => best(list, 'max', (a, b) => a > b),
    })
  }
  for (const [type, zero] of Object.entries(SUMMED)) {
    addAll(environment, {
      [`list<${type}>.sum(): ${type}`]: (list: any[]) => list.reduce((sum, item) => sum + item, zero),
    })
  }
  addAll(environment, {
    'list<A>.indexOf(A): int': (list: unknown[], value: unknown) =>
      BigInt(list.findIndex(item => isSame(item, value))),
    'list<A>.lastIndexOf(A): int': (list: unknown[], value: unknown) =>
      BigInt(list.findLastIndex(item => isSame(item, value))),
  })
  addNamespace(environment, 'sets', {
    'contains(list<A>, list<A>): bool': containsAll,
    'equivalent(list<A>, list<A>): bool': (a: unknown[], b: unknown[]) =>
      containsAll(a, b) && containsAll(b, a),
    'intersects(list<A>, list<A>): bool': (a: unknown[], b: unknown[]) => a.some(item => includes(b, item)),
  })
}

function best(
  list: Comparable[],
  name: string,
  isBetter: (a: Comparable, b: Comparable) => boolean,
): Comparable {
  if (list.length === 0) throw new Error(`${name} called on empty list`)
  return list.reduce((found, item) => (isBetter(item, found) ? item : found))
}

const includes = (list: unknown[], value: unknown): boolean => list.some(item => isSame(item, value))

const containsAll = (list: unknown[], others: unknown[]): boolean =>
  others.every(item => includes(list, item))

/** Equality of CEL values: numbers by value, lists and maps by what is in them. */
export function isSame(a: unknown, b: unknown): boolean {
  if (a === b) return true
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null)
    // biome-ignore lint/suspicious/noDoubleEquals: an int equals the double of its value
    return typeof a === 'bigint' || typeof b === 'bigint' ? a == b : false
  if (Array.isArray(a))
    return Array.isArray(b) && a.length === b.length && a.every((item, i) => isSame(item, b[i]))
  if (a instanceof Date) return b instanceof Date && a.getTime() === b.getTime()
  const left = entriesOf(a)
  const right = new Map(entriesOf(b))
  return (
    a.constructor === b.constructor &&
    left.length === right.size &&
    left.every(([key, value]) => right.has(key) && isSame(value, right.get(key)))
  )
}

const entriesOf = (value: object): [unknown, unknown][] =>
  value instanceof Map ? [...value] : Object.entries(value).filter(([, member]) => member !== undefined)
