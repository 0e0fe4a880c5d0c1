import { setFlagsFromString } from 'node:v8'

/**
 * Go's expressions take linear time whatever they are matched with; JavaScript's may backtrack for hours, and whoever may write
 * an object could stop the server. V8 can go over to an engine that does not backtrack when there is too much of it. It
 * knows no flags `i` and `u`: patterns go without them where they can.
 */
const LINEAR = '--enable-experimental-regexp-engine-on-excessive-backtracks'
let isGuarded = false

/** From now on no expression of this process backtracks for long. */
export function guardPatterns(): void {
  if (!isGuarded) setFlagsFromString(LINEAR)
  isGuarded = true
}

/** Patterns repeat with every object: the latest ones, compiled. */
const compiled = new Map<string, RegExp>()
const MOST_REMEMBERED = 1_000

/**
 * Compiles a pattern in Go's syntax (RE2).
 * @throws SyntaxError when it is not a regular expression
 */
export function compilePattern(pattern: string): RegExp {
  const known = compiled.get(pattern)
  if (known) return known
  guardPatterns()
  const expression = translate(pattern)
  if (compiled.size >= MOST_REMEMBERED) compiled.clear()
  compiled.set(pattern, expression)
  return expression
}

/** Flags that stand in front for the whole pattern, which JavaScript has no such notation for. */
const LEADING_FLAGS = /^\(\?([imsU]+)\)/

const POSIX: Readonly<Record<string, string>> = {
  alnum: '0-9A-Za-z',
  alpha: 'A-Za-z',
  blank: '\\t ',
  digit: '0-9',
  lower: 'a-z',
  upper: 'A-Z',
  punct: '!-\\/:-@\\[-`{-~',
  space: '\\t\\n\\v\\f\\r ',
  word: '0-9A-Za-z_',
  xdigit: '0-9A-Fa-f',
}

/** What JavaScript has and Go has not. */
const UNKNOWN_TO_GO = /(?:^|[^\\])(?:\\\\)*(\(\?<?[=!]|\\[1-9])/

function translate(pattern: string): RegExp {
  const foreign = UNKNOWN_TO_GO.exec(pattern)?.[1]
  if (foreign?.startsWith('('))
    throw new SyntaxError(`error parsing regexp: invalid or unsupported Perl syntax: \`${foreign}\``)
  if (foreign) throw new SyntaxError(`error parsing regexp: invalid escape sequence: \`${foreign}\``)
  const flags = LEADING_FLAGS.exec(pattern)?.[1] ?? ''
  const source = pattern
    .replace(LEADING_FLAGS, '')
    .replaceAll('(?P<', '(?<')
    .replaceAll('\\A', '^')
    .replaceAll('\\z', '$')
    .replace(/\\Q(.*?)(\\E|$)/gs, (_, text: string) => text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&'))
    .replace(/\\x\{/g, '\\u{')
    .replace(/\\([pP])(?:\{(\w+)\}|([A-Z]))/g, (_, p: string, name: string, letter: string) => {
      const isScript = name?.length > 2
      return `\\${p}{${isScript ? 'Script=' : ''}${name ?? letter}}`
    })
    .replace(/\[:(\w+):\]/g, (whole, name: string) => POSIX[name] ?? whole)
  const own = [...new Set(flags)].filter(flag => flag !== 'U').join('')
  try {
    return new RegExp(source, NEEDS_UNICODE.test(source) ? `${own}u` : own)
  } catch (cause) {
    throw new SyntaxError(`error parsing regexp: ${goWords((cause as Error).message, pattern)}`, { cause })
  }
}

/** What Go says of a pattern where JavaScript says something else. */
function goWords(message: string, pattern: string): string {
  if (message.includes('Unmatched')) return 'unexpected ): `)`'
  if (message.includes('Unterminated group')) return `missing closing ): \`${pattern}\``
  if (message.includes('Unterminated character class'))
    return `missing closing ]: \`${pattern.slice(pattern.lastIndexOf('['))}\``
  if (message.includes('Nothing to repeat'))
    return `missing argument to repetition operator: \`${/[*+?]/.exec(pattern)?.[0] ?? pattern}\``
  if (message.includes('out of order'))
    return `invalid character class range: \`${/[^[]-[^\]]/.exec(pattern)?.[0] ?? pattern}\``
  if (message.includes('\\ at end')) return 'trailing backslash at end of expression: ``'
  return message.replace(/^Invalid regular expression: /, '')
}

/** Classes of characters, and characters beyond 16 bits, which are two without the flag. */
const NEEDS_UNICODE = /\\[pP]\{|\\u\{|[\u{10000}-\u{10FFFF}]/u
