/**
 * Quantities of resources (`500m`, `128Mi`, `1e3`): exact numbers in nano units, so that nothing is lost on the way to a
 * sum or a comparison.
 */

type Format = 'decimal' | 'binary' | 'exponent'

/** A parsed quantity: its value times 10⁹, and the family of suffixes it was written with. */
export interface Quantity {
  readonly nano: bigint
  readonly format: Format
}

const NANO = 1_000_000_000n
const BINARY: Record<string, bigint> = {
  Ki: 1n << 10n,
  Mi: 1n << 20n,
  Gi: 1n << 30n,
  Ti: 1n << 40n,
  Pi: 1n << 50n,
  Ei: 1n << 60n,
}
/** In nano units. */
const DECIMAL: Record<string, bigint> = {
  n: 1n,
  u: 1_000n,
  m: 1_000_000n,
  '': NANO,
  k: NANO * 1_000n,
  M: NANO * 1_000_000n,
  G: NANO * 1_000_000_000n,
  T: NANO * 10n ** 12n,
  P: NANO * 10n ** 15n,
  E: NANO * 10n ** 18n,
}
const PATTERN = /^([+-]?)(\d*)(?:\.(\d*))?(?:(Ki|Mi|Gi|Ti|Pi|Ei)|([eE][+-]?\d+)|([numkMGTPE]?))$/

/** The rule as upstream's messages state it. */
export const QUANTITY_RULE =
  "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"

/** The latest ones by their text: few different ones are used, again and again. */
const parsed = new Map<string, Quantity>()
const MOST_REMEMBERED = 1_000

/** @throws Error with {@link QUANTITY_RULE} when the text is no quantity. */
export function parseQuantity(text: string): Quantity {
  let quantity = parsed.get(text)
  if (!quantity) {
    quantity = parse(text)
    if (parsed.size >= MOST_REMEMBERED) parsed.clear()
    parsed.set(text, quantity)
  }
  return quantity
}

function parse(text: string): Quantity {
  const match = PATTERN.exec(text)
  const [, sign = '', whole = '', fraction = '', binary, exponent, decimal = ''] = match ?? []
  if (!match || whole + fraction === '') throw new Error(QUANTITY_RULE)
  const format: Format = binary ? 'binary' : exponent ? 'exponent' : 'decimal'
  const unit = binary ? BINARY[binary]! * NANO : exponent ? undefined : DECIMAL[decimal]!
  const digits = BigInt(whole + fraction)
  const value =
    unit === undefined
      ? scaleByTen(digits, 9 + Number(exponent!.slice(1)) - fraction.length)
      : divideUp(digits * unit, 10n ** BigInt(fraction.length))
  return { nano: sign === '-' ? -value : value, format }
}

const scaleByTen = (digits: bigint, power: number): bigint =>
  power >= 0 ? digits * 10n ** BigInt(power) : divideUp(digits, 10n ** BigInt(-power))

/** Division away from zero, as what is finer than a nano unit is rounded up. */
function divideUp(value: bigint, by: bigint): bigint {
  const quotient = value / by
  return value % by === 0n ? quotient : quotient + (value > 0n ? 1n : -1n)
}

export const isQuantity = (text: string): boolean => PATTERN.test(text) && /\d/.test(text)

/** The value in whole units, rounded up. */
export const quantityValue = ({ nano }: Quantity): bigint => divideUp(nano, NANO)

/** The value in thousandths, rounded up. */
export const quantityMilli = ({ nano }: Quantity): bigint => divideUp(nano, 1_000_000n)

export const addQuantity = (a: Quantity, b: Quantity): Quantity => ({
  nano: a.nano + b.nano,
  format: a.nano === 0n ? b.format : a.format,
})

export const subtractQuantity = (a: Quantity, b: Quantity): Quantity => ({
  nano: a.nano - b.nano,
  format: a.format,
})

/** -1, 0 or 1. */
export function compareQuantity(a: string | Quantity, b: string | Quantity): number {
  const left = typeof a === 'string' ? parseQuantity(a).nano : a.nano
  const right = typeof b === 'string' ? parseQuantity(b).nano : b.nano
  return left === right ? 0 : left < right ? -1 : 1
}

/** Canonical text: no fraction, the largest suffix that loses nothing. */
export function formatQuantity({ nano, format }: Quantity): string {
  const sign = nano < 0n ? '-' : ''
  const value = nano < 0n ? -nano : nano
  if (value === 0n) return '0'
  if (format === 'binary' && value % NANO === 0n) return sign + largest(value / NANO, BINARY, '')
  if (format === 'exponent') return sign + exponentForm(value)
  return sign + largest(value, DECIMAL, 'n')
}

function largest(value: bigint, units: Record<string, bigint>, fallback: string): string {
  const fitting = Object.entries(units).filter(([, unit]) => value % unit === 0n && value >= unit)
  const [suffix, unit] = fitting.reduce((best, entry) => (entry[1] > best[1] ? entry : best), [
    fallback,
    1n,
  ] as [string, bigint])
  return `${value / unit}${suffix}`
}

function exponentForm(value: bigint): string {
  let exponent = -9
  let digits = value
  while (digits % 1_000n === 0n) {
    digits /= 1_000n
    exponent += 3
  }
  return exponent === 0 ? String(digits) : `${digits}e${exponent}`
}
