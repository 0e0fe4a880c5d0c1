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

function translate(pattern: string): RegExp {
  const flags = LEADING_FLAGS.exec(pattern)?.[1] ?? ''
  const source = pattern
    .replace(LEADING_FLAGS, '')
    .replaceAll('(?P<', '(?<')
    .replaceAll('\\A', '^')
    .replaceAll('\\z', '$')
    .replace(/\\Q(.*?)(\\E|$)/gs, (_, text: string) => text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&'))
    .replace(/\[:(\w+):\]/g, (whole, name: string) => POSIX[name] ?? whole)
  const own = [...new Set(flags)].filter(flag => flag !== 'U').join('')
  try {
    return new RegExp(source, `${own}u`)
  } catch {
    // Without the `u` flag JavaScript also takes escapes that need none, as Go does.
    return new RegExp(source, own)
  }
}
