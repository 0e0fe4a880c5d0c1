import { add, fixed, multiply, type Part, type Range, type Sizes, scale, UNKNOWN, union } from './ranges.ts'
import type { Call } from './syntax.ts'

/** What is known of a call. */
interface Known {
  target: Part | undefined
  args: Part[]
  /** Of the arguments. */
  costs: Range[]
}

/** What a call costs, with its arguments, and how large its result is. */
export interface CallEstimate {
  cost: Range
  size?: Range | undefined
}

const PER_CHARACTER = 0.1
const PER_PATTERN = 0.25
const ONE = fixed(1)

/** An estimate without the arguments' own cost, which is added to it; undefined when there is none. */
type Rule = (known: Known, sizeOf: (part: Part) => Range, estimator: Sizes) => CallEstimate | undefined

/** Estimates one overload of a call: Kubernetes' functions by their names, cel-go's by their overloads. */
export function estimateCall(estimator: Sizes, node: Call, overload: string, known: Known): CallEstimate {
  const sizeOf = (part: Part): Range => part.size ?? estimator.sizeAt(part.path) ?? UNKNOWN
  const args = known.costs.reduce(add, fixed(0))
  const own =
    SETS[overload]?.(known, sizeOf, estimator) ?? ruleOf(node.name, overload)?.(known, sizeOf, estimator)
  if (own) return { cost: add(own.cost, args), size: own.size }
  const special = logic(estimator, node, overload, known)
  if (special) return special
  const standard = OVERLOADS[overload]?.(known, part => part.size ?? UNKNOWN, estimator)
  return standard ? { cost: add(standard.cost, args), size: standard.size } : { cost: add(ONE, args) }
}

const ruleOf = (name: string, overload: string): Rule | undefined =>
  overload === 'cidr_ip' ? one : Object.hasOwn(FUNCTIONS, name) ? FUNCTIONS[name] : undefined

function logic(
  estimator: Sizes,
  node: Call,
  overload: string,
  { args, costs }: Known,
): CallEstimate | undefined {
  if (overload === 'logical_or' || overload === 'logical_and')
    return { cost: { min: costs[0]!.min, max: costs.reduce((sum, { max }) => sum + max, 0) } }
  if (overload === 'conditional') {
    estimator.joinEntries(node, node.args[1]!, node.args[2]!)
    const size = union(args[1]!.size ?? UNKNOWN, args[2]!.size ?? UNKNOWN)
    return { cost: add(costs[0]!, union(costs[1]!, costs[2]!)), size }
  }
  if (overload === 'add_list' || overload === 'add_string' || overload === 'add_bytes')
    return sum(estimator, node, overload, args, costs)
  return undefined
}

function sum(estimator: Sizes, node: Call, overload: string, args: Part[], costs: Range[]): CallEstimate {
  const size = add(args[0]!.size ?? UNKNOWN, args[1]!.size ?? UNKNOWN)
  estimator.joinEntries(node, node.args[0]!, node.args[1]!)
  const own = overload === 'add_list' ? ONE : scale(size, PER_CHARACTER)
  return { cost: add(own, costs.reduce(add, fixed(0))), size }
}

const one: Rule = () => ({ cost: ONE })

/** Looking at the first argument's characters so many times. */
const read =
  (count = 1): Rule =>
  ({ args }, sizeOf) =>
    args.length > 0 ? { cost: scale(sizeOf(args[0]!), count * PER_CHARACTER) } : undefined

/** Making a text out of another. */
const rewrite: Rule = ({ target }, sizeOf) => {
  if (!target) return undefined
  const size = sizeOf(target)
  return { cost: scale(size, PER_CHARACTER), size }
}

const pattern = (text: Range, expression: Range): Range =>
  multiply(scale(add(text, ONE), PER_CHARACTER), scale(expression, PER_PATTERN))

const find: Rule = ({ target, args }, sizeOf) => {
  if (!target || args.length === 0) return undefined
  const size = sizeOf(target)
  return { cost: pattern(size, sizeOf(args[0]!)), size: { min: 0, max: size.max } }
}

/** The items of a list, as far as they are known. */
function itemsOf({ type, path }: Part): Part | undefined {
  const [item] = type.parameters
  return item && { node: undefined, type: item, path: path && [...path, '@items'], size: undefined }
}

/** Looking at each item of a list, and at all characters of those that are texts. */
const traverse: Rule = ({ target }, sizeOf) => {
  if (!target) return undefined
  const item = itemsOf(target)
  if (!item) return { cost: scale(sizeOf(target), PER_CHARACTER) }
  const isText = item.type.kind === 'string' || item.type.kind === 'bytes'
  const each = isText ? add(ONE, scale(sizeOf(item), PER_CHARACTER)) : ONE
  return { cost: multiply(sizeOf(target), each) }
}

const replace: Rule = ({ target, args }, sizeOf) => {
  if (!target || args.length < 2) return undefined
  const [text, from, to] = [sizeOf(target), sizeOf(args[0]!), sizeOf(args[1]!)]
  const count = { min: 0, max: 0 }
  const kept = { min: 0, max: 0 }
  if (from.min === 0) {
    count.max = text.max + 1
    kept.max = text.max
  } else if (to.max <= from.min) kept.max = text.max
  else count.max = Math.ceil(text.max / from.min)
  if (from.max === 0) {
    count.min = text.min + 1
    kept.min = text.min
  } else if (from.max <= to.min) kept.min = text.min
  else count.min = Math.ceil(text.min / from.max)
  return { cost: scale(text, 2 * PER_CHARACTER), size: add(multiply(count, to), kept) }
}

const split: Rule = ({ target, args }, sizeOf) => {
  if (!target) return undefined
  const text = sizeOf(target)
  const limit = args[1]?.node
  const isFixed = limit?.op === 'literal' && typeof limit.value === 'bigint'
  const max = isFixed ? Number(BigInt.asUintN(64, limit.value as bigint)) : text.max
  return { cost: scale(text, 2 * PER_CHARACTER), size: { min: 0, max } }
}

const join: Rule = ({ target, args }, sizeOf) => {
  if (!target) return undefined
  const count = sizeOf(target)
  const item = itemsOf(target)
  let size = item ? multiply(count, sizeOf(item)) : fixed(0)
  if (args.length > 0) {
    const between = { min: Math.max(0, count.min - 1), max: Math.max(0, count.max - 1) }
    size = add(size, multiply(sizeOf(args[0]!), between))
  }
  return { cost: scale(size, PER_CHARACTER), size }
}

const url: Rule = ({ args }, sizeOf) => {
  if (args.length !== 1) return undefined
  const size = sizeOf(args[0]!)
  return { cost: scale(size, PER_CHARACTER), size }
}

/** Addresses have 4 or 16 bytes. */
const ADDRESS: Range = { min: 4, max: 16 }

const contains =
  (isNetwork: boolean): Rule =>
  ({ args }, sizeOf) => {
    const [other] = args
    if (!other) return undefined
    let cost = scale(add(ADDRESS, ADDRESS), PER_CHARACTER)
    if (isNetwork) cost = add(add(cost, scale(ADDRESS, PER_CHARACTER)), ONE)
    if (other.type.kind === 'string') cost = add(cost, scale(sizeOf(other), PER_CHARACTER))
    return { cost }
  }

/** The longest pattern of a format. */
const LONGEST_PATTERN = 128

const validate: Rule = ({ args }, sizeOf) =>
  args.length > 0
    ? { cost: scale(scale(sizeOf(args[0]!), PER_CHARACTER), LONGEST_PATTERN * PER_PATTERN) }
    : undefined

/** A requirement of a selector takes two characters at least, and a list and a structure. */
const selector: Rule = ({ args }, sizeOf) => {
  if (args.length !== 1) return undefined
  const size = sizeOf(args[0]!)
  const requirements = scale(scale(size, 0.5), 50)
  return { cost: add(add(fixed(10), scale(size, PER_CHARACTER)), requirements) }
}

const SINGLE = new Set([
  'net.IP',
  'net.CIDR',
  'kubernetes.Quantity',
  'kubernetes.Semver',
  'kubernetes.authorization.Authorizer',
  'kubernetes.authorization.PathCheck',
  'kubernetes.authorization.GroupCheck',
  'kubernetes.authorization.ResourceCheck',
  'kubernetes.authorization.Decision',
])
const LONGEST_FORMAT = 64

/** Equality of values of Kubernetes' types; undefined for all others. */
const equality: Rule = ({ args }) => {
  const [left, right] = args
  if (!left || !right || left.type.name !== right.type.name) return undefined
  if (SINGLE.has(left.type.name)) return { cost: ONE }
  if (left.type.name === 'kubernetes.NamedFormat')
    return { cost: scale({ min: 1, max: LONGEST_FORMAT }, PER_CHARACTER) }
  if (left.type.name === 'kubernetes.URL')
    return { cost: scale({ min: 1, max: right.size?.max ?? 1 }, PER_CHARACTER) }
  return undefined
}

const CHEAP =
  `serviceAccount path group resource subresource namespace name allowed reason error errored masked prefixLength
  family isUnspecified isLoopback isLinkLocalMulticast isLinkLocalUnicast isGlobalUnicast format.named sign asInteger isInteger
  asApproximateFloat isGreaterThan isLessThan compareTo add sub major minor patch getScheme getHostname getHost getPort
  getEscapedPath getQuery`.split(/\s+/)

/** Kubernetes' rules, by the name of the function. */
const FUNCTIONS: Record<string, Rule> = {
  ...Object.fromEntries(CHEAP.map(name => [name, one])),
  check: () => ({ cost: fixed(350_000) }),
  fieldSelector: selector,
  labelSelector: selector,
  isSorted: traverse,
  sum: traverse,
  max: traverse,
  min: traverse,
  indexOf: traverse,
  lastIndexOf: traverse,
  url,
  'jsonpatch.escapeKey': url,
  lowerAscii: rewrite,
  upperAscii: rewrite,
  substring: rewrite,
  trim: rewrite,
  replace,
  split,
  join,
  find,
  findAll: find,
  cidr: read(),
  isIP: read(),
  isCIDR: read(),
  ip: read(),
  'ip.isCanonical': read(2),
  containsIP: contains(false),
  containsCIDR: contains(true),
  quantity: read(),
  isQuantity: read(),
  semver: read(),
  isSemver: read(),
  validate,
  '_==_': equality,
}

const sets =
  (factor: number): Rule =>
  ({ args }, sizeOf) => ({ cost: add(scale(multiply(sizeOf(args[0]!), sizeOf(args[1]!)), factor), ONE) })

const SETS: Record<string, Rule> = {
  list_sets_contains_list: sets(1),
  list_sets_intersects_list: sets(1),
  list_sets_equivalent_list: sets(2),
}

/** Reading a text and giving one that is as many times as long. */
const convert =
  (least: number, most: number, more = 0): Rule =>
  ({ args }, sizeOf) => {
    const size = sizeOf(args[0]!)
    return {
      cost: scale(size, PER_CHARACTER),
      size: { min: Math.floor(size.min * least) + more, max: size.max * most + more },
    }
  }

/** As much as the smaller one has. */
const smaller: Rule = ({ args }, sizeOf) => {
  const max = Math.min(sizeOf(args[0]!).max, sizeOf(args[1]!).max)
  return { cost: scale({ min: max > 0 ? 1 : 0, max }, PER_CHARACTER) }
}

/** cel-go's rules, by overload. */
const OVERLOADS: Record<string, Rule> = {
  string_format: ({ target }, sizeOf) => target && { cost: scale(sizeOf(target), PER_CHARACTER) },
  string_to_bytes: convert(1, 4),
  bytes_to_string: convert(0.25, 1),
  strings_quote: convert(1, 2, 2),
  starts_with_string: read(),
  ends_with_string: read(),
  in_list: ({ args }, sizeOf) => ({ cost: sizeOf(args[1]!) }),
  matches_string: ({ target, args }, sizeOf) => target && { cost: pattern(sizeOf(target), sizeOf(args[0]!)) },
  contains_string: ({ target, args }, sizeOf) =>
    target && {
      cost: multiply(scale(sizeOf(target), PER_CHARACTER), scale(sizeOf(args[0]!), PER_CHARACTER)),
    },
  equals: smaller,
  not_equals: smaller,
}
for (const relation of ['less', 'greater', 'less_equals', 'greater_equals'])
  for (const type of ['string', 'bytes']) OVERLOADS[`${relation}_${type}`] = smaller
