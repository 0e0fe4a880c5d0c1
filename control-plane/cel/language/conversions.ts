import type { Environment } from './environment.ts'
import {
  checkTimestamp,
  floorDivide,
  formatDuration,
  formatTimestamp,
  parseDuration,
  parseTimestamp,
} from './times.ts'
import {
  checkInt,
  checkUint,
  Duration,
  EvaluationError,
  type Timestamp,
  typeOfValue,
  Uint,
  type Value,
} from './values.ts'

const same = (value: Value): Value => value

function conversionError(type: string): EvaluationError {
  return new EvaluationError(`type conversion error from 'string' to '${type}'`)
}

/** cel-go's conversions of types. */
export function registerConversions(environment: Environment): void {
  environment.registerFunction('type', { type: ['(A): type(A)', typeOfValue] })
  environment.registerFunction('dyn', { to_dyn: ['(A): dyn', same] })
  environment.registerFunction('bool', {
    bool_to_bool: ['(bool): bool', same],
    string_to_bool: ['(string): bool', toBool],
  })
  environment.registerFunction('bytes', {
    bytes_to_bytes: ['(bytes): bytes', same],
    string_to_bytes: ['(string): bytes', (text: string) => new Uint8Array(Buffer.from(text))],
  })
  environment.registerFunction('double', {
    double_to_double: ['(double): double', same],
    int64_to_double: ['(int): double', Number],
    string_to_double: ['(string): double', toDouble],
    uint64_to_double: ['(uint): double', ({ value }: Uint) => Number(value)],
  })
  environment.registerFunction('int', {
    int64_to_int64: ['(int): int', same],
    double_to_int64: ['(double): int', doubleToInt],
    duration_to_int64: ['(duration): int', ({ nanos }: Duration) => nanos],
    string_to_int64: ['(string): int', toInt],
    timestamp_to_int64: ['(timestamp): int', ({ nanos }: Timestamp) => floorDivide(nanos, 1_000_000_000n)],
    uint64_to_int64: ['(uint): int', ({ value }: Uint) => checkInt(value)],
  })
  environment.registerFunction('uint', {
    uint64_to_uint64: ['(uint): uint', same],
    double_to_uint64: [
      '(double): uint',
      (value: number) => checkUint(truncate(value, 'unsigned integer overflow')),
    ],
    int64_to_uint64: ['(int): uint', checkUint],
    string_to_uint64: ['(string): uint', toUint],
  })
  environment.registerFunction('string', {
    string_to_string: ['(string): string', same],
    bool_to_string: ['(bool): string', String],
    bytes_to_string: ['(bytes): string', bytesToString],
    double_to_string: ['(double): string', formatDouble],
    duration_to_string: ['(duration): string', formatDuration],
    int64_to_string: ['(int): string', String],
    timestamp_to_string: ['(timestamp): string', formatTimestamp],
    uint64_to_string: ['(uint): string', String],
  })
  environment.registerFunction('timestamp', {
    timestamp_to_timestamp: ['(timestamp): timestamp', same],
    int64_to_timestamp: ['(int): timestamp', (seconds: bigint) => checkTimestamp(seconds * 1_000_000_000n)],
    string_to_timestamp: ['(string): timestamp', toTimestamp],
  })
  environment.registerFunction('duration', {
    duration_to_duration: ['(duration): duration', same],
    int64_to_duration: ['(int): duration', (nanos: bigint) => new Duration(nanos)],
    string_to_duration: ['(string): duration', toDuration],
  })
}

const TRUTHS: Record<string, boolean> = {
  '1': true,
  t: true,
  true: true,
  TRUE: true,
  True: true,
  '0': false,
  f: false,
  false: false,
  FALSE: false,
  False: false,
}

function toBool(text: string): boolean {
  const value = Object.hasOwn(TRUTHS, text) ? TRUTHS[text] : undefined
  if (value === undefined) throw conversionError('bool')
  return value
}

function toDouble(text: string): number {
  if (/^[+-]?inf(inity)?$/i.test(text)) return text.startsWith('-') ? -Infinity : Infinity
  if (/^nan$/i.test(text)) return Number.NaN
  if (!/^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/.test(text)) throw conversionError('double')
  return Number(text)
}

function toInt(text: string): bigint {
  if (!/^[+-]?\d+$/.test(text)) throw conversionError('int')
  const value = BigInt(text.replace('+', ''))
  if (BigInt.asIntN(64, value) !== value) throw conversionError('int')
  return value
}

function toUint(text: string): Uint {
  if (!/^\d+$/.test(text) || BigInt.asUintN(64, BigInt(text)) !== BigInt(text)) throw conversionError('uint')
  return new Uint(BigInt(text))
}

function truncate(value: number, why: string): bigint {
  if (!Number.isFinite(value)) throw new EvaluationError(why)
  return BigInt(Math.trunc(value))
}

function doubleToInt(value: number): bigint {
  if (!(value > -(2 ** 63) && value < 2 ** 63)) throw new EvaluationError('integer overflow')
  return truncate(value, 'integer overflow')
}

function bytesToString(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch (cause) {
    throw new EvaluationError('invalid UTF-8 in bytes, cannot convert to string', { cause })
  }
}

/** As Go's `%g`: an exponent of two digits at least, from 10²¹ on and below 10⁻⁴. */
export function formatDouble(value: number): string {
  if (Number.isNaN(value)) return 'NaN'
  if (!Number.isFinite(value)) return value > 0 ? '+Inf' : '-Inf'
  const [mantissa, exponent] = value.toExponential().split('e') as [string, string]
  const power = Number(exponent)
  if (power >= -4 && power < 21) return Number.isInteger(value) ? value.toFixed(0) : String(value)
  const digits = String(Math.abs(power)).padStart(2, '0')
  return `${mantissa}e${power < 0 ? '-' : '+'}${digits}`
}

function toTimestamp(text: string): Timestamp {
  const time = /T|t/.test(text) ? parseTimestamp(text) : undefined
  if (!time) throw new EvaluationError(`type conversion error from 'string' to 'google.protobuf.Timestamp'`)
  return checkTimestamp(time.nanos, time.offset)
}

function toDuration(text: string): Duration {
  const duration = parseDuration(text)
  if (!duration)
    throw new EvaluationError(`type conversion error from 'string' to 'google.protobuf.Duration'`)
  return duration
}
