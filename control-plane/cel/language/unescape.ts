const SIMPLE: Record<string, string> = {
  a: '\x07',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
  '\\': '\\',
  "'": "'",
  '"': '"',
  '`': '`',
  '?': '?',
}

/** A code point or, of bytes, a byte that an escape stands for. */
const ESCAPE =
  /\\(?:x([0-9a-fA-F]{2})|X([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-3][0-7]{2})|([\s\S]))/g

function bodyOf(text: string): { body: string; isRaw: boolean } {
  const isRaw = /^[rR]/.test(text)
  const quoted = isRaw ? text.slice(1) : text
  const width = /^("""|''')/.test(quoted) && quoted.length >= 6 ? 3 : 1
  return { body: quoted.slice(width, -width).replace(/\r\n?/g, '\n'), isRaw }
}

/**
 * The text that a literal stands for.
 * @throws Error for an escape that there is not
 */
export function unescapeString(literal: string): string {
  const { body, isRaw } = bodyOf(literal)
  if (isRaw) return body
  return body.replace(ESCAPE, (_, x1, x2, u4, u8, octal, simple) => {
    if (simple !== undefined) return simpleEscape(simple)
    const code = octal === undefined ? Number.parseInt(x1 ?? x2 ?? u4 ?? u8, 16) : Number.parseInt(octal, 8)
    if (code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff)) throw new Error('invalid unicode code point')
    return String.fromCodePoint(code)
  })
}

/**
 * The bytes that a literal (without its `b`) stands for.
 * @throws Error for an escape that there is not
 */
export function unescapeBytes(literal: string): Uint8Array {
  const { body, isRaw } = bodyOf(literal)
  if (isRaw) return new Uint8Array(Buffer.from(body))
  const parts: Buffer[] = []
  let end = 0
  for (const match of body.matchAll(ESCAPE)) {
    const [whole, x1, x2, u4, u8, octal, simple] = match
    parts.push(Buffer.from(body.slice(end, match.index)))
    end = match.index + whole.length
    if (u4 ?? u8) throw new Error('unable to unescape string')
    const byte = x1 ?? x2 ?? undefined
    if (simple !== undefined) parts.push(Buffer.from(simpleEscape(simple)))
    else
      parts.push(Buffer.from([byte === undefined ? Number.parseInt(octal!, 8) : Number.parseInt(byte, 16)]))
  }
  parts.push(Buffer.from(body.slice(end)))
  return new Uint8Array(Buffer.concat(parts))
}

function simpleEscape(letter: string): string {
  const character = SIMPLE[letter]
  if (character === undefined) throw new Error('unable to unescape string')
  return character
}
