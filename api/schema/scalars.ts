import { isNumber, isWhole } from '../meta/json.ts'
import { formatQuantity, parseQuantity } from '../meta/quantity.ts'
import type { Reader } from './decode-state.ts'
import { DecodeError, jsonType } from './decode-state.ts'
import { isReference, splitType } from './definition.ts'

const GO_TYPES: Record<string, string> = {
  boolean: 'bool',
  double: 'float64',
  bytes: '[]uint8',
  quantity: 'resource.Quantity',
  intOrString: 'intstr.IntOrString',
  time: 'v1.Time',
  microTime: 'v1.MicroTime',
}

/** A type as Go writes it: `[]v1.Container`, `map[string]string`. */
export function goType(type: string): string {
  const { container, inner } = splitType(type)
  if (type === '{}quantity') return 'v1.ResourceList'
  if (container === '[]') return `[]${goType(inner)}`
  if (container === '{}') return `map[string]${goType(inner)}`
  if (isReference(type)) return type.split('.').slice(-2).join('.')
  return GO_TYPES[type] ?? type
}

/** The reader of a type that is no object, list or map. */
export function scalarReader(type: string, enumName: string | undefined): Reader {
  switch (type) {
    case 'string':
      return typed('string', enumName ?? 'string')
    case 'boolean':
      return typed('boolean', 'bool')
    case 'double':
      return typed('number', 'float64')
    case 'int32':
      return integer(type, 2 ** 31)
    case 'int64':
      return integer(type, 2 ** 63)
    case 'bytes':
      return readBytes
    case 'time':
      return readTime
    case 'microTime':
      return readMicroTime
    case 'quantity':
      return readQuantity
    case 'intOrString':
      return readIntOrString
    default:
      return value => value
  }
}

const KINDS = { string: 'string', boolean: 'bool', number: 'float64' } as const

const typed =
  (wanted: 'string' | 'boolean' | 'number', go: string): Reader =>
  (value, state) => {
    if (typeof value === wanted) return value
    if (typeof value === 'bigint' && wanted === 'number') return Number(value)
    throw state.mismatch(value, go, KINDS[wanted])
  }

function integer(go: 'int32' | 'int64', bound: number, isExact = false): Reader {
  return (value, state) => {
    if (!isNumber(value)) throw state.mismatch(value, go, go)
    const fits = isWhole(value) && value < bound && value >= -bound
    if (!fits) throw state.mismatch(value, go, go, `number ${value}`)
    return isExact ? value : Number(value)
  }
}

/**
 * Reads an int64 to its last digit: beyond 2⁵³ it stays `bigint`, which only fields can that nobody calculates with. All others
 * are doubles.
 */
export const readExactInt64: Reader = integer('int64', 2 ** 63, true)

const readIntOrString: Reader = value => {
  if (typeof value === 'string') return value
  const fits = Number.isInteger(value) && Math.abs(value as number) < 2 ** 31
  const shown = isNumber(value) ? `number ${value}` : jsonType(value)
  if (!fits) throw new DecodeError(`json: cannot unmarshal ${shown} into Go value of type int32`)
  return value
}

const readBytes: Reader = (value, state) => {
  if (typeof value !== 'string') throw state.mismatch(value, '[]uint8', 'slice')
  const fault = base64Fault(value)
  if (fault >= 0) {
    const why = `illegal base64 data at input byte ${fault}`
    throw new DecodeError(why, { converted: `error decoding from json: ${why}` })
  }
  return value
}

/** Place of the first byte that is not right, -1 when all is well. */
function base64Fault(text: string): number {
  const compact = /[\r\n]/.test(text) ? text.replace(/[\r\n]/g, '') : text
  const end = compact.length - (/={1,2}$/.exec(compact)?.[0].length ?? 0)
  const wrong = /[^A-Za-z0-9+/]/.exec(compact.slice(0, end))
  if (wrong) return wrong.index
  return compact.length % 4 === 0 ? -1 : compact.length - (compact.length % 4)
}

const RFC3339 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/

function parseTime(value: unknown): Date {
  if (typeof value !== 'string')
    throw new DecodeError(`json: cannot unmarshal ${jsonType(value)} into Go value of type string`)
  const date = RFC3339.test(value) ? new Date(value) : undefined
  if (date && !Number.isNaN(date.getTime())) return date
  const text = JSON.stringify(value)
  throw new DecodeError(`parsing time ${text} as "2006-01-02T15:04:05Z07:00": cannot parse ${text} as "2006"`)
}

const readTime: Reader = value => {
  const date = parseTime(value)
  const text = value as string
  return text.length === 20 && text.endsWith('Z') ? text : `${date.toISOString().slice(0, 19)}Z`
}

/** Six decimals; clients may give fewer, and what JavaScript's clock cannot hold is kept as text. */
const readMicroTime: Reader = value => {
  const date = parseTime(value)
  const text = value as string
  const micros = (/\.(\d+)/.exec(text)?.[1] ?? '').padEnd(6, '0').slice(0, 6)
  return `${date.toISOString().slice(0, 19)}.${micros}Z`
}

/** Quantities repeat: the canonical form of the latest ones. */
const canonical = new Map<string, string>()
const MOST_REMEMBERED = 2_000

const readQuantity: Reader = (value, state) => {
  if (typeof value !== 'string' && !isNumber(value)) throw state.mismatch(value, 'resource.Quantity')
  const text = String(value).trim()
  const known = canonical.get(text)
  if (known !== undefined) return known
  const result = canonicalQuantity(text)
  if (canonical.size >= MOST_REMEMBERED) canonical.clear()
  canonical.set(text, result)
  return result
}

function canonicalQuantity(text: string): string {
  try {
    return formatQuantity(parseQuantity(text))
  } catch (error) {
    throw new DecodeError((error as Error).message, { cause: error })
  }
}
