import { compilePattern } from '../../../api/schema/structural/pattern.ts'
import type { Checked } from './checker.ts'
import { unwrapOptional } from './environment.ts'
import { type Call, childrenOf, type Expression, type Issue, type List, type MapLiteral } from './syntax.ts'
import { checkTimestamp, parseDuration, parseTimestamp } from './times.ts'
import { isExactly, type Type } from './types.ts'

/** What is wrong with the constants of an expression: patterns, times, and lists of different things. */
export function checkLiterals(checked: Checked): Issue[] {
  const issues: Issue[] = []
  visit(checked.root, false, (node, isFormatted) => {
    if (node.op === 'call') issues.push(...checkConstant(node))
    else if (node.op === 'list' && !isFormatted) issues.push(...checkItems(node, checked))
    else if (node.op === 'map' && !isFormatted) issues.push(...checkEntries(node, checked))
  })
  return issues
}

/** `isFormatted`: inside of what `format` is called with, where things may be different. */
function visit(
  node: Expression,
  isFormatted: boolean,
  look: (node: Expression, isFormatted: boolean) => void,
): void {
  look(node, isFormatted)
  const isInside = isFormatted || (node.op === 'call' && node.name === 'format')
  for (const child of childrenOf(node)) visit(child, isInside, look)
}

const READERS: Record<string, (text: string) => unknown> = {
  duration: text => parseDuration(text),
  timestamp: text => (/[Tt]/.test(text) ? parseTimestamp(text) : undefined),
  matches: text => compilePattern(text),
}

function checkConstant({ name, args }: Call): Issue[] {
  const read = READERS[name]
  const [arg] = args
  if (!read || arg?.op !== 'literal') return []
  if (name === 'timestamp' && typeof arg.value === 'bigint') {
    const seconds = arg.value
    return canRead(() => checkTimestamp(seconds * 1_000_000_000n), '') ? [] : [invalid(name, arg.at)]
  }
  if (typeof arg.value !== 'string') return []
  return canRead(read, arg.value) ? [] : [invalid(name, arg.at)]
}

const invalid = (name: string, at: number): Issue => ({ at, message: `invalid ${name} argument` })

function canRead(read: (text: string) => unknown, text: string): boolean {
  try {
    return read(text) !== undefined
  } catch {
    return false
  }
}

const mismatch = (at: number, expected: Type, found: Type): Issue => ({
  at,
  message: `expected type '${expected}' but found '${found}'`,
})

/** The first of some parts that is not of the type of those before it. */
function firstOther(parts: [Expression, boolean][], { types }: Checked): Issue[] {
  let expected: Type | undefined
  for (const [part, isOptional] of parts) {
    const type = types.get(part)!
    const inner = isOptional ? unwrapOptional(type)[0] : type
    expected ??= inner
    if (!isExactly(expected, inner)) return [mismatch(part.at, expected, inner)]
  }
  return []
}

const checkItems = ({ items, optional }: List, checked: Checked): Issue[] =>
  firstOther(
    items.map((item, i) => [item, optional.has(i)]),
    checked,
  )

const checkEntries = ({ entries }: MapLiteral, checked: Checked): Issue[] => [
  ...firstOther(
    entries.map(({ key }) => [key, false]),
    checked,
  ),
  ...firstOther(
    entries.map(({ value, isOptional }) => [value, isOptional]),
    checked,
  ),
]
