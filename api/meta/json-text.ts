/**
 * Finds places in JSON that `JSON.stringify` made (no white space), without parsing it. Texts that are no JSON may give any
 * answer, and always an answer.
 */
const QUOTE = 0x22
const BACKSLASH = 0x5c
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

/** The text of one member of an object's text, undefined where it has no such member. */
export function memberText(text: string, name: string): string | undefined {
  const mark = `${JSON.stringify(name)}:`
  // Most often what is asked for is either not there at all or there once.
  if (!text.includes(mark)) return undefined
  for (let i = 1; i < text.length; ) {
    const start = endOfString(text, i + 1) + 1
    const end = endOfValue(text, start)
    if (text.startsWith(mark, i)) return text.slice(start, end)
    i = end + 1
  }
  return undefined
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
