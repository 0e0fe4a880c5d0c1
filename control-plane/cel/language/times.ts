import { Duration, EvaluationError, Timestamp } from './values.ts'

const SECOND = 1_000_000_000n
/** The first moment of year 1 and the last of year 9999, in seconds. */
const FIRST = -62_135_596_800n
const LAST = 253_402_300_799n

/** @throws EvaluationError beyond what a timestamp can be */
export function checkTimestamp(nanos: bigint, offset = 0): Timestamp {
  const seconds = floorDivide(nanos, SECOND)
  if (seconds < FIRST || seconds > LAST) throw new EvaluationError('timestamp overflow')
  return new Timestamp(nanos, offset)
}

/** @throws EvaluationError beyond 292 years */
export function checkDuration(nanos: bigint): Duration {
  if (BigInt.asIntN(64, nanos) !== nanos) throw new EvaluationError('duration overflow')
  return new Duration(nanos)
}

export function floorDivide(a: bigint, b: bigint): bigint {
  const quotient = a / b
  return a % b < 0n ? quotient - 1n : quotient
}

const RFC3339 = /^(\d{4}-\d{2}-\d{2})[Tt](\d{2}:\d{2}:\d{2})(?:\.(\d{1,9})\d*)?([Zz]|[+-]\d{2}:\d{2})$/

/** A time as RFC 3339 has it, or a date alone; undefined for other texts. */
export function parseTimestamp(text: string): Timestamp | undefined {
  const [, date, time, fraction = '', zone] = RFC3339.exec(text) ?? []
  const isDate = /^\d{4}-\d{2}-\d{2}$/.test(text)
  const day = date ?? (isDate ? text : undefined)
  if (day === undefined) return undefined
  const millis = Date.parse(isDate ? `${day}T00:00:00Z` : `${day}T${time}${zone!.toUpperCase()}`)
  if (Number.isNaN(millis) || !isRealDay(day)) return undefined
  return new Timestamp(BigInt(millis) * 1_000_000n + BigInt(fraction.padEnd(9, '0')), minutesOf(zone))
}

/** `+01:30` in minutes. */
function minutesOf(zone: string | undefined): number {
  const [, sign, hours, minutes] = /^([+-])(\d{2}):(\d{2})$/.exec(zone ?? '') ?? []
  const total = Number(hours ?? 0) * 60 + Number(minutes ?? 0)
  return sign === '-' ? -total : total
}

function zoneOf(offset: number): string {
  if (offset === 0) return 'Z'
  const [hours, minutes] = [Math.floor(Math.abs(offset) / 60), Math.abs(offset) % 60]
  return `${offset < 0 ? '-' : '+'}${String(hours).padStart(2, '0')}:${String(minutes).padStart(2, '0')}`
}

/** JavaScript takes 31 February for 3 March. */
function isRealDay(day: string): boolean {
  return new Date(`${day}T00:00:00Z`).toISOString().startsWith(day)
}

/** A time as it is printed: no more digits of a second than it needs. */
export function formatTimestamp({ nanos, offset }: Timestamp): string {
  const seconds = floorDivide(nanos, SECOND)
  const rest = (nanos - seconds * SECOND).toString().padStart(9, '0').replace(/0+$/, '')
  const date = new Date((Number(seconds) + offset * 60) * 1000).toISOString().slice(0, 19)
  return `${date}${rest ? `.${rest}` : ''}${zoneOf(offset)}`
}

const UNITS: Record<string, bigint> = {
  ns: 1n,
  us: 1_000n,
  µs: 1_000n,
  μs: 1_000n,
  ms: 1_000_000n,
  s: SECOND,
  m: 60n * SECOND,
  h: 3_600n * SECOND,
}

/** A duration as Go has it (`1h30m`, `-1.5s`); undefined for other texts. */
export function parseDuration(text: string, units: Record<string, bigint> = UNITS): Duration | undefined {
  const match = /^([+-]?)(.*)$/s.exec(text)!
  const [, sign, body] = match as unknown as [string, string, string]
  if (body === '0') return new Duration(0n)
  let total = 0n
  let end = 0
  for (const part of body.matchAll(/(\d*)(?:\.(\d*))?([a-zµμ]+)/g)) {
    const [whole, digits = '', fraction = '', unit] = part
    if (part.index !== end || !units[unit!] || digits + fraction === '') return undefined
    end += whole.length
    total += BigInt(digits || '0') * units[unit!]!
    if (fraction) total += (BigInt(fraction) * units[unit!]!) / 10n ** BigInt(fraction.length)
  }
  if (body === '' || end !== body.length || BigInt.asIntN(64, total) !== total) return undefined
  return new Duration(sign === '-' ? -total : total)
}

/** A duration in seconds, as expressions print it: `90s`, `1.5s`. */
export function formatDuration({ nanos }: Duration): string {
  const positive = nanos < 0n ? -nanos : nanos
  const rest = (positive % SECOND).toString().padStart(9, '0').replace(/0+$/, '')
  return `${nanos < 0n ? '-' : ''}${positive / SECOND}${rest ? `.${rest}` : ''}s`
}

/** A part of a time in a zone: fields as JavaScript counts them. @throws EvaluationError for no zone */
export function inZone({ nanos }: Timestamp, zone: string | undefined): Date {
  const millis = Number(floorDivide(nanos, 1_000_000n))
  if (zone === undefined || zone === '' || zone === 'UTC') return new Date(millis)
  return new Date(millis + offsetOf(zone, millis))
}

function offsetOf(zone: string, millis: number): number {
  const [, sign, hours, minutes] = /^([+-]?)(\d{1,2}):(\d{2})$/.exec(zone) ?? []
  if (hours !== undefined) {
    const offset = (Number(hours) * 60 + Number(minutes)) * 60_000
    return sign === '-' ? -offset : offset
  }
  try {
    const parts = new Intl.DateTimeFormat('en-US', {
      timeZone: zone,
      timeZoneName: 'longOffset',
    }).formatToParts(new Date(millis))
    const name = parts.find(({ type }) => type === 'timeZoneName')!.value
    const [, gmtSign, gmtHours = '0', gmtMinutes = '0'] = /GMT(?:([+-])(\d+):(\d+))?/.exec(name)!
    const offset = (Number(gmtHours) * 60 + Number(gmtMinutes)) * 60_000
    return gmtSign === '-' ? -offset : offset
  } catch (cause) {
    throw new EvaluationError(`unknown time zone ${zone}`, { cause })
  }
}

/** The day of the year, from 0. */
export function dayOfYear(date: Date): number {
  return Math.floor((date.getTime() - Date.UTC(date.getUTCFullYear(), 0, 1)) / 86_400_000)
}
