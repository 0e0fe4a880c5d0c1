import { compilePattern } from '../../../api/schema/structural/pattern.ts'
import { registerConversions } from './conversions.ts'
import type { Environment, Overloads } from './environment.ts'
import { checkDuration, checkTimestamp, dayOfYear, inZone } from './times.ts'
import * as types from './types.ts'
import {
  checkInt,
  checkUint,
  compareNumbers,
  Duration,
  EvaluationError,
  isEqual,
  isFields,
  isNumeric,
  keyOf,
  lengthOf,
  noSuchOverload,
  Optional,
  SchemaList,
  Timestamp,
  typeOfValue,
  Uint,
  type Value,
} from './values.ts'

/** cel-go's standard library: operators, sizes, texts, times, conversions, optional values. */
export function registerStandard(environment: Environment): void {
  registerLogic(environment)
  registerArithmetic(environment)
  registerRelations(environment)
  registerContainers(environment)
  registerTexts(environment)
  registerTimes(environment)
  registerConversions(environment)
  registerOptional(environment)
  for (const type of TYPE_NAMES) environment.registerTypeName(type)
  environment.registerTypeName(types.NULL, 'null_type')
  environment.registerTypeName(types.TIMESTAMP, 'google.protobuf.Timestamp')
  environment.registerTypeName(types.DURATION, 'google.protobuf.Duration')
}

const TYPE_NAMES = [
  types.BOOL,
  types.INT,
  types.UINT,
  types.DOUBLE,
  types.STRING,
  types.BYTES,
  types.TYPE,
  types.listOf(types.DYN),
  types.mapOf(types.DYN, types.DYN),
  types.optionalOf(types.DYN),
]

function registerLogic(environment: Environment): void {
  environment.registerFunction('_?_:_', { conditional: ['(bool, A, A): A'] })
  environment.registerFunction('_&&_', { logical_and: ['(bool, bool): bool'] })
  environment.registerFunction('_||_', { logical_or: ['(bool, bool): bool'] })
  environment.registerFunction('!_', { logical_not: ['(bool): bool', (value: boolean) => !value] })
  environment.registerFunction('@not_strictly_false', { not_strictly_false: ['(bool): bool'] })
  environment.registerFunction('_==_', { equals: ['(A, A): bool', equals] })
  environment.registerFunction('_!=_', {
    not_equals: ['(A, A): bool', (a: Value, b: Value) => !equals(a, b)],
  })
}

const uint = (work: (a: bigint, b: bigint) => bigint) => (a: Uint, b: Uint) =>
  checkUint(work(a.value, b.value))
const int = (work: (a: bigint, b: bigint) => bigint) => (a: bigint, b: bigint) => checkInt(work(a, b))

function divide(what: string, work: (a: bigint, b: bigint) => bigint) {
  return (a: bigint, b: bigint): bigint => {
    if (b === 0n) throw new EvaluationError(what)
    return work(a, b)
  }
}

const quotient = divide('division by zero', (a, b) => a / b)
const remainder = divide('modulus by zero', (a, b) => a % b)

function registerArithmetic(environment: Environment): void {
  environment.registerFunction('_+_', {
    add_bytes: [
      '(bytes, bytes): bytes',
      (a: Uint8Array, b: Uint8Array) => new Uint8Array(Buffer.concat([a, b])),
    ],
    add_double: ['(double, double): double', (a: number, b: number) => a + b],
    add_duration_duration: [
      '(duration, duration): duration',
      (a: Duration, b: Duration) => checkDuration(a.nanos + b.nanos),
    ],
    add_duration_timestamp: [
      '(duration, timestamp): timestamp',
      (a: Duration, b: Timestamp) => checkTimestamp(a.nanos + b.nanos),
    ],
    add_timestamp_duration: [
      '(timestamp, duration): timestamp',
      (a: Timestamp, b: Duration) => checkTimestamp(a.nanos + b.nanos),
    ],
    add_int64: ['(int, int): int', int((a, b) => a + b)],
    add_list: ['(list(A), list(A)): list(A)', concat],
    add_string: ['(string, string): string', (a: string, b: string) => a + b],
    add_uint64: ['(uint, uint): uint', uint((a, b) => a + b)],
  })
  environment.registerFunction('_-_', {
    subtract_double: ['(double, double): double', (a: number, b: number) => a - b],
    subtract_duration_duration: [
      '(duration, duration): duration',
      (a: Duration, b: Duration) => checkDuration(a.nanos - b.nanos),
    ],
    subtract_int64: ['(int, int): int', int((a, b) => a - b)],
    subtract_timestamp_duration: [
      '(timestamp, duration): timestamp',
      (a: Timestamp, b: Duration) => checkTimestamp(a.nanos - b.nanos),
    ],
    subtract_timestamp_timestamp: [
      '(timestamp, timestamp): duration',
      (a: Timestamp, b: Timestamp) => checkDuration(a.nanos - b.nanos),
    ],
    subtract_uint64: ['(uint, uint): uint', uint((a, b) => a - b)],
  })
  environment.registerFunction('_*_', {
    multiply_double: ['(double, double): double', (a: number, b: number) => a * b],
    multiply_int64: ['(int, int): int', int((a, b) => a * b)],
    multiply_uint64: ['(uint, uint): uint', uint((a, b) => a * b)],
  })
  environment.registerFunction('_/_', {
    divide_double: ['(double, double): double', (a: number, b: number) => a / b],
    divide_int64: ['(int, int): int', int(quotient)],
    divide_uint64: ['(uint, uint): uint', uint(quotient)],
  })
  environment.registerFunction('_%_', {
    modulo_int64: ['(int, int): int', int(remainder)],
    modulo_uint64: ['(uint, uint): uint', uint(remainder)],
  })
  environment.registerFunction('-_', {
    negate_double: ['(double): double', (value: number) => -value],
    negate_int64: ['(int): int', (value: bigint) => checkInt(-value)],
  })
}

/** Lists of a schema keep what they are: of a set each item once, of a map each key once, the later one's value. */
function concat(a: Value[], b: Value[]): Value[] {
  if (!(a instanceof SchemaList) || !a.listType) return [...a, ...b]
  const list = SchemaList.from(a) as SchemaList
  list.listType = a.listType
  list.keyOf = a.keyOf
  for (const item of b) {
    const at = list.findIndex(known => (a.keyOf ? a.keyOf(known) === a.keyOf(item) : isEqual(known, item)))
    if (at < 0) list.push(item)
    else if (a.keyOf) list[at] = item
  }
  return list
}

/** Types that are in an order, by cel-go's names in overloads. */
const ORDERED: [string, string][] = [
  ['bool', 'bool'],
  ['int64', 'int'],
  ['uint64', 'uint'],
  ['double', 'double'],
  ['string', 'string'],
  ['bytes', 'bytes'],
  ['timestamp', 'timestamp'],
  ['duration', 'duration'],
]
const NUMBERS = ORDERED.filter(([, type]) => ['int', 'uint', 'double'].includes(type))

/** Below, equal or above zero; NaN for what is in no order. */
export function compare(a: Value, b: Value): number {
  if (isNumeric(a) && isNumeric(b)) return compareNumbers(a, b)
  if (typeof a === 'string') return Buffer.compare(Buffer.from(a), Buffer.from(b as string))
  if (a instanceof Uint8Array) return Buffer.compare(a, b as Uint8Array)
  if (typeof a === 'boolean') return Number(a) - Number(b)
  return compareNumbers((a as Duration).nanos, (b as Duration).nanos)
}

function registerRelations(environment: Environment): void {
  const relations: [string, string, (order: number) => boolean][] = [
    ['_<_', 'less', order => order < 0],
    ['_<=_', 'less_equals', order => order <= 0],
    ['_>_', 'greater', order => order > 0],
    ['_>=_', 'greater_equals', order => order >= 0],
  ]
  for (const [name, id, holds] of relations) {
    const call = (a: Value, b: Value): boolean => holds(compare(a, b))
    const overloads: Overloads = {}
    for (const [word, type] of ORDERED) overloads[`${id}_${word}`] = [`(${type}, ${type}): bool`, call]
    for (const [left, a] of NUMBERS)
      for (const [right, b] of NUMBERS)
        if (a !== b) overloads[`${id}_${left}_${right}`] = [`(${a}, ${b}): bool`, call]
    environment.registerFunction(name, overloads)
  }
}

function registerContainers(environment: Environment): void {
  environment.registerFunction('_[_]', {
    index_list: ['(list(A), int): A'],
    index_map: ['(map(A, B), A): B'],
    optional_list_index_int: ['(optional_type(list(V)), int): optional_type(V)'],
    optional_map_index_value: ['(optional_type(map(K, V)), K): optional_type(V)'],
  })
  environment.registerFunction('@in', {
    in_list: ['(A, list(A)): bool', (item: Value, list: Value[]) => list.some(one => isEqual(item, one))],
    in_map: ['(A, map(A, B)): bool', (key: Value, map: Map<Value, Value>) => map.has(keyOf(key))],
  })
  const size = {
    bytes: ['bytes', (value: Uint8Array) => BigInt(value.length)],
    list: ['list(A)', (value: Value[]) => BigInt(value.length)],
    map: ['map(A, B)', (value: Map<Value, Value>) => BigInt(value.size)],
    string: ['string', (value: string) => BigInt(lengthOf(value))],
  } as const
  const overloads: Overloads = {}
  for (const [name, [type, call]] of Object.entries(size)) {
    overloads[`size_${name}`] = [`(${type}): int`, call]
    overloads[`${name}_size`] = [`${type}.(): int`, call]
  }
  environment.registerFunction('size', overloads)
  environment.registerFunction('cel.@mapInsert', {
    '@mapInsert_map_key_value': ['(map(K, V), K, V): map(K, V)'],
    '@mapInsert_map_map': ['(map(K, V), map(K, V)): map(K, V)'],
  })
}

function registerTexts(environment: Environment): void {
  const contains = (text: string, part: string): boolean => text.includes(part)
  const matches = (text: string, pattern: string): boolean => patternOf(pattern).test(text)
  environment.registerFunction('contains', { contains_string: ['string.(string): bool', contains] })
  environment.registerFunction('endsWith', {
    ends_with_string: ['string.(string): bool', (text: string, part: string) => text.endsWith(part)],
  })
  environment.registerFunction('startsWith', {
    starts_with_string: ['string.(string): bool', (text: string, part: string) => text.startsWith(part)],
  })
  environment.registerFunction('matches', {
    matches: ['(string, string): bool', matches],
    matches_string: ['string.(string): bool', matches],
  })
}

/** A regular expression. @throws EvaluationError */
export function patternOf(pattern: string): RegExp {
  try {
    return compilePattern(pattern)
  } catch (cause) {
    throw new EvaluationError((cause as Error).message, { cause })
  }
}

/** Parts of a time, by the names of their functions and of their overloads. */
const PARTS: [name: string, id: string, part: (date: Date) => number][] = [
  ['getFullYear', 'year', date => date.getUTCFullYear()],
  ['getMonth', 'month', date => date.getUTCMonth()],
  ['getDayOfYear', 'day_of_year', dayOfYear],
  ['getDayOfMonth', 'day_of_month', date => date.getUTCDate() - 1],
  ['getDate', 'day_of_month_1_based', date => date.getUTCDate()],
  ['getDayOfWeek', 'day_of_week', date => date.getUTCDay()],
  ['getHours', 'hours', date => date.getUTCHours()],
  ['getMinutes', 'minutes', date => date.getUTCMinutes()],
  ['getSeconds', 'seconds', date => date.getUTCSeconds()],
  ['getMilliseconds', 'milliseconds', date => date.getUTCMilliseconds()],
]

function registerTimes(environment: Environment): void {
  for (const [name, id, part] of PARTS) {
    const call = (time: Timestamp, zone?: string): bigint => BigInt(part(inZone(time, zone)))
    environment.registerFunction(name, {
      [`timestamp_to_${id}`]: ['timestamp.(): int', call],
      [`timestamp_to_${id}_with_tz`]: ['timestamp.(string): int', call],
    })
  }
  const units: [string, string, bigint][] = [
    ['getHours', 'hours', 3_600_000_000_000n],
    ['getMinutes', 'minutes', 60_000_000_000n],
    ['getSeconds', 'seconds', 1_000_000_000n],
  ]
  for (const [name, id, unit] of units)
    environment.registerFunction(name, {
      [`duration_to_${id}`]: ['duration.(): int', ({ nanos }: Duration) => nanos / unit],
    })
  environment.registerFunction('getMilliseconds', {
    duration_to_milliseconds: ['duration.(): int', ({ nanos }: Duration) => nanos / 1_000_000n],
  })
}

function registerOptional(environment: Environment): void {
  environment.registerFunction('optional.of', { optional_of: ['(V): optional_type(V)', Optional.of] })
  environment.registerFunction('optional.ofNonZeroValue', {
    optional_ofNonZeroValue: [
      '(V): optional_type(V)',
      (value: Value) => (isZero(value) ? Optional.NONE : Optional.of(value)),
    ],
  })
  environment.registerFunction('optional.none', {
    optional_none: ['(): optional_type(V)', () => Optional.NONE],
  })
  environment.registerFunction('value', {
    optional_value: ['optional_type(V).(): V', (value: Optional) => value.get()],
  })
  environment.registerFunction('hasValue', {
    optional_hasValue: ['optional_type(V).(): bool', (value: Optional) => value.hasValue],
  })
  environment.registerFunction('or', {
    optional_or_optional: ['optional_type(V).(optional_type(V)): optional_type(V)'],
  })
  environment.registerFunction('orValue', { optional_orValue_value: ['optional_type(V).(V): V'] })
  environment.registerFunction('_?._', { select_optional_field: ['(dyn, string): optional_type(V)'] })
  environment.registerFunction('_[?_]', {
    list_optindex_optional_int: ['(list(V), int): optional_type(V)'],
    optional_list_optindex_optional_int: ['(optional_type(list(V)), int): optional_type(V)'],
    map_optindex_optional_value: ['(map(K, V), K): optional_type(V)'],
    optional_map_optindex_optional_value: ['(optional_type(map(K, V)), K): optional_type(V)'],
  })
  const unwrap = (list: Optional[]): Value[] =>
    list.filter(({ hasValue }) => hasValue).map(({ value }) => value)
  environment.registerFunction('optional.unwrap', {
    optional_unwrap: ['(list(optional_type(V))): list(V)', unwrap],
  })
  environment.registerFunction('unwrapOpt', {
    optional_unwrapOpt: ['list(optional_type(V)).(): list(V)', unwrap],
  })
  const at = (place: number) => (list: Value[]) =>
    list.length === 0 ? Optional.NONE : Optional.of(list.at(place))
  environment.registerFunction('first', { list_first: ['list(V).(): optional_type(V)', at(0)] })
  environment.registerFunction('last', { list_last: ['list(V).(): optional_type(V)', at(-1)] })
}

/** Go's first moment, in nanoseconds. */
const YEAR_ONE = -62_135_596_800_000_000_000n

function isZero(value: Value): boolean {
  if (value === null || value === false || value === '' || value === 0 || value === 0n) return true
  if (Array.isArray(value) || value instanceof Uint8Array) return value.length === 0
  if (value instanceof Map) return value.size === 0
  if (value instanceof Optional) return !value.hasValue
  if (value instanceof Uint) return value.value === 0n
  if (value instanceof Timestamp) return value.nanos === YEAR_ONE
  return value instanceof Duration && value.nanos === 0n
}

/**
 * `a == b`. Values of Kubernetes' own types, and lists and objects of schemas, are only compared with their like.
 * @throws EvaluationError for others
 */
function equals(a: Value, b: Value): boolean {
  if (typeof a === 'object' && a !== null && b !== null && !isComparable(a, b)) throw noSuchOverload()
  return isEqual(a, b)
}

function isComparable(a: object, b: Value): boolean {
  if (a instanceof SchemaList) return Array.isArray(b)
  if (isFields(a)) return b instanceof Map || isFields(b)
  return !('isSame' in a) || typeOfValue(a) === typeOfValue(b)
}
