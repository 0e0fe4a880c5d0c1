/**
 * JSON whose whole numbers keep all their digits. A double holds them up to 2⁵³; those beyond, as far as 64 bits go, are read as
 * `bigint`, and every `JSON.stringify` writes these as the numbers they are. All others are numbers, so of two values that
 * are the same both are of the same type. What is beyond 64 bits, and what has a fraction or an exponent, is a double, as it
 * is to Kubernetes.
 */

const ZERO = 0x30
const NINE = 0x39
/** Whole numbers with fewer digits are held by a double: 2⁵³ has as many. */
const LONG = 16
const WHOLE = /^-?\d+$/

/** Parses a text, or a part of one. */
export type ParseJson = (text: string) => any

/** Parses a text as `JSON.parse` does, whole numbers beyond 2⁵³ to `bigint`. @throws SyntaxError */
export const parseJson = (text: string): any => (hasLongNumber(text) ? parseExactly(text) : JSON.parse(text))

/** The same of bytes, which are looked through faster than a text is. @throws SyntaxError */
export const parseJsonBytes = (bytes: Uint8Array & { toString(): string }): any =>
  jsonParser(bytes)(bytes.toString())

/** What parses all parts of a document as they need it: `JSON.parse` for most. */
export const jsonParser = (bytes: Uint8Array): ParseJson =>
  hasLongNumberIn(bytes) ? parseExactly : JSON.parse

/** Whether a text has so many digits in a row that they may be a number no double holds: one look at every sixteenth letter. */
function hasLongNumber(text: string): boolean {
  for (let at = LONG - 1; at < text.length; at += LONG) {
    if (isDigit(text.charCodeAt(at)) && isLong(i => text.charCodeAt(i), at)) return true
  }
  return false
}

function hasLongNumberIn(bytes: Uint8Array): boolean {
  for (let at = LONG - 1; at < bytes.length; at += LONG) {
    if (isDigit(bytes[at]!) && isLong(i => bytes[i] ?? 0, at)) return true
  }
  return false
}

const isDigit = (code: number): boolean => code <= NINE && code >= ZERO

function isLong(codeAt: (at: number) => number, at: number): boolean {
  let [start, end] = [at, at + 1]
  while (isDigit(codeAt(start - 1))) start--
  while (isDigit(codeAt(end))) end++
  return end - start >= LONG
}

interface Source {
  source: string
}

type ExactParse = (
  text: string,
  reviver: (this: unknown, key: string, value: unknown, context: Source) => unknown,
) => any

function parseExactly(text: string): any {
  writeBigints()
  return (JSON.parse as ExactParse)(text, (_, value, context) =>
    typeof value === 'number' && !Number.isSafeInteger(value) && WHOLE.test(context.source)
      ? wholeNumber(BigInt(context.source))
      : value,
  )
}

/** A whole number as JSON that was read here has it. */
export const wholeNumber = (value: bigint): number | bigint =>
  BigInt.asIntN(64, value) !== value || isSafe(value) ? Number(value) : value

const isSafe = (value: bigint): boolean => Number.isSafeInteger(Number(value))

/** Whether a value is a number of JSON. */
export const isNumber = (value: unknown): value is number | bigint =>
  typeof value === 'number' || typeof value === 'bigint'

/**
 * Whether a value is a whole number to Kubernetes, which takes a double for one up to 2⁵³: it cannot tell which one was meant
 * beyond.
 */
export const isWhole = (value: unknown): value is number | bigint =>
  Number.isSafeInteger(value) || typeof value === 'bigint'

/** Lets `JSON.stringify` write every `bigint` as a number, which without this throws. Called when the first one is read. */
export function writeBigints(): void {
  if ('toJSON' in BigInt.prototype) return
  const { rawJSON } = JSON as unknown as { rawJSON(text: string): unknown }
  const value = function toJSON(this: bigint): unknown {
    return rawJSON(this.toString())
  }
  Object.defineProperty(BigInt.prototype, 'toJSON', { value, writable: true, configurable: true })
}
