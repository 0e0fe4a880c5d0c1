import { formatPath } from './decode-state.ts'

/**
 * Finds fields that a JSON text has twice in one object; the parser keeps the last and says nothing.
 * `value` is what the text was parsed to: as long as it has as many members as the text, there is nothing to look for.
 * @returns `duplicate field "spec.x"` for each, in the text's order
 */
export function findDuplicates(text: string, value: unknown): string[] {
  const members = countMembers(value)
  if (countCompactKeys(text) === members && !SPACED_KEY.test(text)) return []
  return countKeys(text) === members ? [] : scan(text)
}

/**
 * Puts what is wrong with a JSON text's fields in the text's order, as upstream's decoder comes to it. What an unknown field
 * holds is not looked at.
 * @param unknown `unknown field "spec.y"` for each field that the schema does not know
 * @returns these, and `duplicate field "spec.x"` for each that is given twice
 */
export function faultsInOrder(text: string, unknown: readonly string[]): string[] {
  return [...new Set([...scan(text, new Set(unknown)), ...unknown])]
}

/** A key with space before its colon, which programs do not write. */
const SPACED_KEY = /"[ \t\r\n]+:/

/** Counts quotes followed by a colon, but for those that are escaped: all keys without space before their colon. */
function countCompactKeys(text: string): number {
  let count = 0
  for (let at = text.indexOf('":'); at >= 0; at = text.indexOf('":', at + 2)) {
    if (text.charCodeAt(at - 1) !== BACKSLASH || !isEscaped(text, at)) count++
  }
  return count
}

/** Whether a character stands behind an odd number of backslashes. */
function isEscaped(text: string, at: number): boolean {
  let backslashes = 0
  while (text.charCodeAt(at - 1 - backslashes) === BACKSLASH) backslashes++
  return backslashes % 2 === 1
}

const COLON = 0x3a
const BACKSLASH = 0x5c

/** Counts strings followed by a colon. */
function countKeys(text: string): number {
  let count = 0
  let at = text.indexOf('"')
  while (at >= 0) {
    at = endOfString(text, at) + 1
    while (isSpace(text.charCodeAt(at))) at++
    if (text.charCodeAt(at) === COLON) count++
    at = text.indexOf('"', at)
  }
  return count
}

/** Place of the quote that ends the string beginning at `start`. */
function endOfString(text: string, start: number): number {
  let end = text.indexOf('"', start + 1)
  while (end >= 0) {
    if (!isEscaped(text, end)) return end
    end = text.indexOf('"', end + 1)
  }
  return text.length
}

const isSpace = (code: number): boolean => code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09

function countMembers(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0
  let count = 0
  if (Array.isArray(value)) for (const item of value) count += countMembers(item)
  else for (const key in value) count += 1 + countMembers((value as Record<string, unknown>)[key])
  return count
}

interface Level {
  /** Keys seen, absent for a list. */
  seen?: Set<string>
  place: string | number
  /** Whether this place is in, or is, a field that the schema does not know. */
  hidden?: boolean | undefined
}

const TOKEN = /("(?:[^"\\]|\\.)*")(\s*:)?|[{}[\],]/g

/**
 * Walks the tokens of a text known to be JSON. What is in a field of `unknown` is not looked at: that field is told instead.
 */
function scan(text: string, unknown?: ReadonlySet<string>): string[] {
  const found = new Set<string>()
  const levels: Level[] = []
  for (const [token, string, colon] of text.matchAll(TOKEN)) {
    const level = levels.at(-1)
    if (token === '{') levels.push({ seen: new Set(), place: '', hidden: level?.hidden })
    else if (token === '[') levels.push({ place: 0, hidden: level?.hidden })
    else if (token === '}' || token === ']') levels.pop()
    else if (token === ',' && level && typeof level.place === 'number') level.place++
    else if (colon !== undefined && level?.seen) {
      level.place = JSON.parse(string!) as string
      const fault = faultOf(levels, level, unknown)
      if (fault) found.add(fault)
      level.seen.add(level.place)
    }
  }
  return [...found]
}

/** What is said of the key that a walk has come to. */
function faultOf(levels: readonly Level[], level: Level, unknown?: ReadonlySet<string>): string | undefined {
  const path = () => JSON.stringify(formatPath(levels.map(({ place }) => place)))
  if (unknown && !levels.at(-2)?.hidden) {
    const fault = `unknown field ${path()}`
    level.hidden = unknown.has(fault)
    if (level.hidden) return fault
  }
  return !level.hidden && level.seen?.has(level.place as string) ? `duplicate field ${path()}` : undefined
}
