import { formatDouble } from '../language/conversions.ts'
import { formatDuration, formatTimestamp } from '../language/times.ts'
import { Type } from '../language/types.ts'
import {
  Duration,
  EvaluationError,
  isFields,
  Timestamp,
  typeOfValue,
  Uint,
  type Value,
} from '../language/values.ts'

/** A clause of a format: `%.2f`. */
export interface Clause {
  verb: string
  precision: number
}

const DEFAULT_PRECISION = 6
const VERBS = 'sdfeboxX'

/**
 * Takes a format apart into texts and clauses.
 * @throws Error with cel-go's words
 */
export function* clausesOf(text: string): Generator<string | Clause> {
  let rest = text
  while (rest !== '') {
    const at = rest.indexOf('%')
    if (at !== 0) {
      yield at < 0 ? rest : rest.slice(0, at)
      if (at < 0) return
      rest = rest.slice(at)
    }
    if (rest.startsWith('%%')) yield '%'
    else if (rest.length === 1) throw new EvaluationError('unexpected end of string')
    const [whole, clause] = rest.startsWith('%%') ? ['%%', undefined] : clauseAt(rest)
    if (clause) yield clause
    rest = rest.slice(whole.length)
  }
}

function clauseAt(text: string): [string, Clause] {
  const [whole, digits, verb] = /^%(?:\.(\d*))?(.?)/s.exec(text)! as unknown as [string, string?, string?]
  if (digits !== undefined && !verb)
    throw new EvaluationError(
      'could not parse formatting clause: error while parsing precision: could not find end of precision specifier',
    )
  if (!VERBS.includes(verb!))
    throw new EvaluationError(`could not parse formatting clause: unrecognized formatting clause "${verb}"`)
  return [whole, { verb: verb!, precision: digits ? Number(digits) : DEFAULT_PRECISION }]
}

/** `"%d of %s".format([1, "a"])`. @throws EvaluationError when a value is not of its clause's type */
export function format(text: string, values: readonly Value[]): string {
  let next = 0
  let result = ''
  for (const part of clausesOf(text)) {
    if (typeof part === 'string') {
      result += part
      continue
    }
    if (next >= values.length) throw new EvaluationError(`index ${next} out of range`)
    result += one(part, values[next++])
  }
  return result
}

/** What a clause is said to take, by its verb, when it is given something else. */
export const TAKEN: Record<string, string> = {
  s: 'string clause can only be used on strings, bools, bytes, ints, doubles, maps, lists, types, durations, and timestamps',
  d: 'decimal clause can only be used on integers',
  f: 'fixed-point clause can only be used on doubles',
  e: 'scientific clause can only be used on doubles',
  b: 'only integers and bools can be formatted as binary',
  o: 'octal clause can only be used on integers',
  x: 'only integers, byte buffers, and strings can be formatted as hex',
  X: 'only integers, byte buffers, and strings can be formatted as hex',
}

function wrong(verb: string, value: Value): EvaluationError {
  return new EvaluationError(`error during formatting: ${TAKEN[verb]}, was given ${typeOfValue(value).name}`)
}

function one({ verb, precision }: Clause, value: Value): string {
  switch (verb) {
    case 's':
      return show(value)
    case 'f':
      return fixed(double(value, verb), precision)
    case 'e':
      return scientific(double(value, verb), precision)
    case 'd':
      return String(integer(value, verb))
    default:
      return inBase(verb, value)
  }
}

const NUMBERS = ['NaN', 'Infinity', '-Infinity']

function double(value: Value, verb: string): number {
  if (typeof value === 'number') return value
  if (typeof value === 'string' && NUMBERS.includes(value)) return Number(value)
  throw wrong(verb, value)
}

const special = (value: number): string => (Number.isNaN(value) ? 'NaN' : value > 0 ? '∞' : '-∞')

/** In the notation of American English, as cel-go has it: thousands in groups, and powers of ten written out. */
const fixed = (value: number, precision: number): string =>
  Number.isFinite(value)
    ? inEnglish(value, Math.min(precision, MOST_DIGITS)) + '0'.repeat(Math.max(precision - MOST_DIGITS, 0))
    : special(value)

/** More behind the point is never more than zeros in what anybody prints. */
const MOST_DIGITS = 100

const inEnglish = (value: number, digits: number): string =>
  value.toLocaleString('en-US', { minimumFractionDigits: digits, maximumFractionDigits: digits })

const RAISED = '⁰¹²³⁴⁵⁶⁷⁸⁹'

function scientific(value: number, precision: number): string {
  if (!Number.isFinite(value)) return special(value)
  const [mantissa, exponent] = value.toExponential(Math.min(precision, MOST_DIGITS)).split('e') as [
    string,
    string,
  ]
  const digits = exponent.replace(/[+-]/, '').padStart(2, '0')
  const sign = exponent.startsWith('-') ? '⁻' : ''
  return `${mantissa}×10${sign}${[...digits].map(digit => RAISED[Number(digit)]).join('')}`
}

function integer(value: Value, verb: string): bigint {
  if (typeof value === 'bigint') return value
  if (value instanceof Uint) return value.value
  throw wrong(verb, value)
}

const BASES: Record<string, number> = { b: 2, o: 8, x: 16, X: 16 }

function inBase(verb: string, value: Value): string {
  const isHex = verb === 'x' || verb === 'X'
  if (isHex && (typeof value === 'string' || value instanceof Uint8Array))
    return cased(verb, Buffer.from(value as string).toString('hex'))
  if (verb === 'b' && typeof value === 'boolean') return value ? '1' : '0'
  return cased(verb, integer(value, verb).toString(BASES[verb]))
}

const cased = (verb: string, text: string): string => (verb === 'X' ? text.toUpperCase() : text)

/** Names of types that messages of the checker have shorter. */
const LONG_NAMES: Partial<Record<Type['kind'], string>> = {
  timestamp: 'google.protobuf.Timestamp',
  duration: 'google.protobuf.Duration',
}

/** A value as `%s` prints it. */
function show(value: Value): string {
  if (value === null) return 'null'
  if (Array.isArray(value)) return `[${value.map(showInside).join(', ')}]`
  if (value instanceof Map) return braces(value)
  if (isFields(value)) return braces(value.fieldValues())
  return simple(value)
}

function simple(value: Value): string {
  if (typeof value === 'number') return formatDouble(value)
  if (value instanceof Timestamp) return formatTimestamp(value)
  if (value instanceof Duration) return formatDuration(value)
  if (value instanceof Uint8Array) return Buffer.from(value).toString()
  if (value instanceof Type) return LONG_NAMES[value.kind] ?? value.name
  if (typeof value === 'object' && !(value instanceof Uint)) throw wrong('s', value)
  return String(value)
}

/** Inside of a list or a map texts are quoted, and times are called what they are. */
function showInside(value: Value): string {
  if (typeof value === 'string') return JSON.stringify(value)
  if (value instanceof Uint8Array) return `b${JSON.stringify(Buffer.from(value).toString())}`
  if (typeof value === 'number')
    return Number.isFinite(value) ? value.toFixed(DEFAULT_PRECISION) : `"${special(value)}"`
  if (value instanceof Timestamp) return `timestamp("${formatTimestamp(value)}")`
  if (value instanceof Duration) return `duration("${formatDuration(value)}")`
  return show(value)
}

function braces(entries: Iterable<[Value, Value]>): string {
  const members = [...entries].map(([key, value]): [string, string] => [showInside(key), showInside(value)])
  members.sort(([a], [b]) => (a < b ? -1 : 1))
  return `{${members.map(([key, value]) => `${key}:${value}`).join(', ')}}`
}
