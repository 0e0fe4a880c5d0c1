import { isFields, sizeOfValue, type Typed, type Value } from './values.ts'

/** What a call costs, told from its arguments and its result. */
export type CallCost = (args: Value[], result: Value) => number

/** Of looking at each character of a text. */
const PER_CHARACTER = 0.1
/** Of each character of a regular expression. */
const PER_PATTERN = 0.25

const traverse = (value: Value, factor = 1): number => Math.ceil(sizeOfValue(value) * factor * PER_CHARACTER)

const ofFirst: CallCost = ([text]) => traverse(text)
const ofFirstTwice: CallCost = ([text]) => traverse(text, 2)
const match: CallCost = ([text, pattern]) =>
  Math.ceil((1 + sizeOfValue(text)) * PER_CHARACTER) * Math.ceil(sizeOfValue(pattern) * PER_PATTERN)
const smaller: CallCost = ([a, b]) => Math.ceil(Math.min(sizeOfValue(a), sizeOfValue(b)) * PER_CHARACTER)
const both: CallCost = ([a, b]) => Math.ceil((sizeOfValue(a) + sizeOfValue(b)) * PER_CHARACTER)
const whole: CallCost = ([list]) => Math.max(0, traversal(list))

/** Looking at everything that is in a value. */
function traversal(value: Value): number {
  if (typeof value === 'string') return Math.floor(Buffer.byteLength(value) * PER_CHARACTER)
  if (value instanceof Uint8Array) return Math.floor(value.length * PER_CHARACTER)
  if (Array.isArray(value)) return value.reduce<number>((sum, item) => sum + traversal(item), 0)
  const members = value instanceof Map ? value : isFields(value) ? value.fieldValues() : undefined
  if (!members) return 1
  let sum = 0
  for (const [key, member] of members) sum += traversal(key) + traversal(member)
  return sum
}

/** The list of requirements of a selector, of two characters each at least. */
const selector: CallCost = ([, text]) => {
  const size = sizeOfValue(text)
  return 10 + Math.ceil(size * PER_CHARACTER) + Math.ceil(Math.ceil(size * 0.5) * 50)
}

/** Whether something is inside of a network: bytes are compared, of networks masked before, of texts read before. */
const contained =
  (isText: boolean, isNetwork: boolean): CallCost =>
  ([cidr, other]) => {
    const mask = isNetwork ? traverse(cidr) + 1 : 0
    return traverse(cidr, 2) + mask + (isText ? traverse(other) : 0)
  }

const sets =
  (factor: number): CallCost =>
  ([a, b]) =>
    1 + Math.floor(sizeOfValue(a) * sizeOfValue(b) * factor)

/** A format's pattern may be this long. */
const validate: CallCost = ([format, text]) => {
  const { patternSize = 0 } = format as { patternSize?: number }
  return Math.ceil((1 + sizeOfValue(text)) * PER_CHARACTER) * Math.ceil(patternSize * PER_PATTERN)
}

/** Costs by the name of the function, whatever its overload. */
const BY_NAME: Record<string, CallCost | number> = {
  check: 350_000,
  fieldSelector: selector,
  labelSelector: selector,
  isSorted: whole,
  sum: whole,
  max: whole,
  min: whole,
  indexOf: whole,
  lastIndexOf: whole,
  url: ofFirst,
  lowerAscii: ofFirst,
  upperAscii: ofFirst,
  substring: ofFirst,
  trim: ofFirst,
  'jsonpatch.escapeKey': ofFirst,
  replace: ofFirstTwice,
  split: ofFirstTwice,
  join: (_: Value[], result: Value) => traverse(result, 2),
  find: match,
  findAll: match,
  cidr: ofFirst,
  isIP: ofFirst,
  isCIDR: ofFirst,
  'ip.isCanonical': ofFirstTwice,
  quantity: ofFirst,
  isQuantity: ofFirst,
  semver: ofFirst,
  isSemver: ofFirst,
  validate,
}

/** Costs that depend on the overload. */
const BY_OVERLOAD: Record<string, CallCost | number> = {
  starts_with_string: ofFirst,
  ends_with_string: ofFirst,
  string_to_bytes: ofFirst,
  bytes_to_string: ofFirst,
  strings_quote: ofFirst,
  string_format: ofFirst,
  in_list: ([, list]) => sizeOfValue(list),
  equals: ([a, b]) => (isOfLibrary(a) ? 1 : smaller([a, b], undefined)),
  not_equals: smaller,
  add_string: both,
  add_bytes: both,
  matches_string: match,
  contains_string: ([a, b]) => traverse(a) * traverse(b),
  cidr_contains_ip_string: contained(true, false),
  cidr_contains_ip_ip: contained(false, false),
  cidr_contains_cidr_string: contained(true, true),
  cidr_contains_cidr: contained(false, true),
  string_to_ip: ofFirst,
  list_sets_contains_list: sets(1),
  list_sets_intersects_list: sets(1),
  list_sets_equivalent_list: sets(2),
}
for (const relation of ['less', 'greater', 'less_equals', 'greater_equals'])
  for (const type of ['string', 'bytes']) BY_OVERLOAD[`${relation}_${type}`] = smaller

const isOfLibrary = (value: Value): boolean =>
  typeof value === 'object' && value !== null && 'isSame' in (value as Typed)

/** What calls of a function cost; 1 for most. `overload` is empty where it is not known before. */
export function callCost(name: string, overload: string): CallCost | number {
  return BY_NAME[name] ?? BY_OVERLOAD[overload] ?? 1
}
