/** Where a text breaks JSON's grammar, in the words of Go's encoding/json. Only asked when a text was refused. */

const END = 'unexpected end of JSON input'
/** Levels that Go's reader goes down. */
const DEEPEST = 10_000
const SPACE = /[ \t\r\n]/
const HEX = /[0-9a-fA-F]/
const ESCAPES = '"\\/bfnrt'
const LITERALS: Record<string, string> = { t: 'true', f: 'false', n: 'null' }

/** What is wrong with a text that is no JSON. */
export function jsonFault(body: Buffer): string {
  try {
    new Scanner(body.toString('latin1')).document()
  } catch (fault) {
    if (fault instanceof Fault) return fault.message
    throw fault
  }
  return END
}

class Fault extends Error {}

class Scanner {
  readonly #text: string
  #at = 0

  constructor(text: string) {
    this.#text = text
  }

  document(): void {
    this.#value()
    this.#space()
    if (this.#at < this.#text.length) this.#refuse('after top-level value')
  }

  /** One value with all that is in it; without recursion, as it may be nested as deep as its sender likes. */
  #value(): void {
    const open: string[] = []
    do {
      this.#space()
      const letter = this.#next()
      if (letter === '{' || letter === '[') {
        if (open.push(letter) > DEEPEST) this.#refuse('exceeded max depth', this.#at - 1)
        this.#space()
        const isEmpty = this.#text[this.#at] === (letter === '{' ? '}' : ']')
        if (!isEmpty) {
          if (letter === '{') this.#key()
          continue
        }
      } else this.#scalar(letter)
      this.#closeAfterValue(open)
    } while (open.length > 0)
  }

  /** Goes on after a value: to the next one, or out of what ends with it. */
  #closeAfterValue(open: string[]): void {
    while (open.length > 0) {
      this.#space()
      const isMap = open.at(-1) === '{'
      const letter = this.#next()
      if (letter === ',') {
        if (isMap) this.#key()
        return
      }
      if (letter !== (isMap ? '}' : ']')) {
        this.#refuse(isMap ? 'after object key:value pair' : 'after array element', this.#at - 1)
      }
      open.pop()
    }
  }

  #key(): void {
    this.#space()
    if (this.#next() !== '"') this.#refuse('looking for beginning of object key string', this.#at - 1)
    this.#string()
    this.#space()
    if (this.#next() !== ':') this.#refuse('after object key', this.#at - 1)
  }

  #scalar(letter: string): void {
    if (letter === '"') this.#string()
    else if (letter === '-' || /\d/.test(letter)) this.#number(letter)
    else if (LITERALS[letter]) this.#literal(LITERALS[letter])
    else this.#refuse('looking for beginning of value', this.#at - 1)
  }

  #string(): void {
    for (;;) {
      const letter = this.#next()
      if (letter === '"') return
      if (letter < ' ') this.#refuse('in string literal', this.#at - 1)
      if (letter !== '\\') continue
      const escaped = this.#next()
      if (escaped === 'u') {
        for (let i = 0; i < 4; i++) {
          if (!HEX.test(this.#next())) this.#refuse('in \\u hexadecimal character escape', this.#at - 1)
        }
      } else if (!ESCAPES.includes(escaped)) this.#refuse('in string escape code', this.#at - 1)
    }
  }

  #number(first: string): void {
    const lead = first === '-' ? this.#digit('in numeric literal') : first
    if (lead !== '0') this.#digits()
    if (this.#text[this.#at] === '.') {
      this.#at++
      this.#digit('after decimal point in numeric literal')
      this.#digits()
    }
    if (!/[eE]/.test(this.#text[this.#at] ?? '')) return
    this.#at++
    if (/[+-]/.test(this.#text[this.#at] ?? '')) this.#at++
    this.#digit('in exponent of numeric literal')
    this.#digits()
  }

  #digit(where: string): string {
    const letter = this.#next()
    if (!/\d/.test(letter)) this.#refuse(where, this.#at - 1)
    return letter
  }

  #digits(): void {
    while (/\d/.test(this.#text[this.#at] ?? '')) this.#at++
  }

  #literal(word: string): void {
    for (const expected of word.slice(1)) {
      if (this.#next() !== expected) {
        this.#refuse(`in literal ${word} (expecting '${expected}')`, this.#at - 1)
      }
    }
  }

  #space(): void {
    while (SPACE.test(this.#text[this.#at] ?? '')) this.#at++
  }

  #next(): string {
    const letter = this.#text[this.#at++]
    if (letter === undefined) throw new Fault(END)
    return letter
  }

  #refuse(where: string, at = this.#at): never {
    throw new Fault(`invalid character ${quoted(this.#text[at]!)} ${where}`)
  }
}

/** A byte as Go prints it between single quotes. */
function quoted(letter: string): string {
  if (letter === "'" || letter === '\\') return `'\\${letter}'`
  const code = letter.charCodeAt(0)
  const named = { 7: 'a', 8: 'b', 9: 't', 10: 'n', 11: 'v', 12: 'f', 13: 'r' }[code]
  if (named) return `'\\${named}'`
  const isShown = code >= 0x20 && code !== 0x7f && (code < 0x80 || (code > 0xa0 && code !== 0xad))
  if (isShown) return `'${letter}'`
  return code < 0x80 ? `'\\x${hex(code, 2)}'` : `'\\u${hex(code, 4)}'`
}

const hex = (code: number, digits: number): string => code.toString(16).padStart(digits, '0')
