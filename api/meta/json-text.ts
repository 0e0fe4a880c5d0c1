/**
 * Finds places in JSON that `JSON.stringify` made (no white space), without parsing it. Texts that are no JSON may give any
 * answer, and always an answer.
 */
const QUOTE = 0x22
const BACKSLASH = 0x5c
const COMMA = 0x2c
const COLON = 0x3a
const OPEN_LIST = 0x5b
const CLOSE_LIST = 0x5d
const OPEN_MAP = 0x7b
const CLOSE_MAP = 0x7d

/** The place after the quote that ends a string; `from` is behind the one that opened it. The text's end where none does. */
function endOfString(text: string, from: number): number {
  for (let i = from; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (code === BACKSLASH) i++
    else if (code === QUOTE) return i + 1
  }
  return text.length
}

/** The place after the brace or bracket that ends what `from` is inside of; -1 where nothing does. */
export function endOfContainer(text: string, from: number): number {
  let depth = 1
  for (let i = from; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (code === QUOTE) i = endOfString(text, i + 1) - 1
    else if (code === OPEN_MAP || code === OPEN_LIST) depth++
    else if (code === CLOSE_MAP || code === CLOSE_LIST) {
      depth--
      if (depth === 0) return i + 1
    }
  }
  return -1
}

/** Where a member of an object stands: from the quote of its name to behind its value. */
export interface MemberRange {
  start: number
  end: number
}

/**
 * Looks for a member of the object that `from` is inside of, in front of its first name: the places of the member's name and of
 * its value. Undefined where there is none, or the text is not as `JSON.stringify` gives it.
 */
export function findMember(
  text: string,
  from: number,
  name: string,
): { start: number; value: number } | undefined {
  const mark = `${JSON.stringify(name)}:`
  for (let start = from; text.charCodeAt(start) === QUOTE; ) {
    const value = endOfString(text, start + 1) + 1
    if (text.startsWith(mark, start)) return { start, value }
    if (text.charCodeAt(value - 1) !== COLON) return undefined
    const end = endOfValue(text, value)
    if (text.charCodeAt(end) !== COMMA) return undefined
    start = end + 1
  }
  return undefined
}

/**
 * Looks for a member that has a value with a given text, a list or an object. What is behind it is not looked at.
 * @see findMember
 */
export function findKnown(text: string, from: number, name: string, value: string): MemberRange | undefined {
  const found = findMember(text, from, name)
  if (!found || !text.startsWith(value, found.value)) return undefined
  return { start: found.start, end: found.value + value.length }
}

/** The text of an object without one of its members. */
export function cutMember(text: string, { start, end }: MemberRange): string {
  const isFirst = text.charCodeAt(start - 1) !== COMMA
  const isLast = text.charCodeAt(end) !== COMMA
  return text.slice(0, isFirst ? start : start - 1) + text.slice(isFirst && !isLast ? end + 1 : end)
}

/** The text of one member of an object's text, undefined where it has no such member. */
export function memberText(text: string, name: string): string | undefined {
  // Most often what is asked for is not there at all.
  if (!text.includes(`${JSON.stringify(name)}:`)) return undefined
  const found = findMember(text, 1, name)
  return found && text.slice(found.value, endOfValue(text, found.value))
}

function closedAt(text: string, from: number): number {
  const end = endOfContainer(text, from)
  return end < 0 ? text.length : end
}

function endOfValue(text: string, from: number): number {
  const code = text.charCodeAt(from)
  if (code === QUOTE) return endOfString(text, from + 1)
  if (code === OPEN_MAP || code === OPEN_LIST) return closedAt(text, from + 1)
  let end = from
  while (end < text.length && text[end] !== ',' && text[end] !== '}') end++
  return end
}
