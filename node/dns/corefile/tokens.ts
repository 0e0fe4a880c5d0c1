/** A word of a Corefile. */
export interface Token {
  text: string
  line: number
  /** In quotes: braces and the like mean nothing. */
  isQuoted: boolean
}

/** A Corefile that cannot be used; the message names the line. */
export class CorefileError extends Error {
  readonly code = 'COREFILE_INVALID'

  constructor(line: number, message: string, options?: ErrorOptions) {
    super(`Corefile line ${line}: ${message}`, options)
  }
}

/**
 * Splits a Corefile into words: blanks separate, `#` at the start of a word begins a comment, double quotes keep blanks
 * (`\"` inside stands for a quote), `{$NAME}` and `{%NAME%}` are replaced by environment variables.
 */
export function tokenize(text: string, environment: Record<string, string | undefined> = {}): Token[] {
  const expanded = text.replace(/\{\$(\w+)\}|\{%(\w+)%\}/g, (_, a, b) => environment[a ?? b] ?? '')
  const tokens: Token[] = []
  let line = 1
  let at = 0
  while (at < expanded.length) {
    const char = expanded[at]!
    if (char === '\n') line += 1
    if (/\s/.test(char)) at += 1
    else if (char === '#') at = endOfLine(expanded, at)
    else if (char === '"') {
      const { word, end } = readQuoted(expanded, at, line)
      tokens.push({ text: word, line, isQuoted: true })
      line += expanded.slice(at, end).split('\n').length - 1
      at = end
    } else {
      const word = /^\S+/.exec(expanded.slice(at))![0]
      tokens.push({ text: word, line, isQuoted: false })
      at += word.length
    }
  }
  return tokens
}

function endOfLine(text: string, from: number): number {
  const end = text.indexOf('\n', from)
  return end < 0 ? text.length : end
}

function readQuoted(text: string, start: number, line: number): { word: string; end: number } {
  let word = ''
  for (let at = start + 1; at < text.length; at++) {
    if (text[at] === '"') return { word, end: at + 1 }
    if (text[at] === '\\' && text[at + 1] === '"') at += 1
    word += text[at]
  }
  throw new CorefileError(line, 'a quote is never closed')
}
