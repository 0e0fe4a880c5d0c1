interface LibraryError extends Error {
  code?: string
  summary?: string
  range?: { start: number; end: number }
  /** Where in the syntax tree. */
  node?: { op?: string; args?: any }
}

/** An error of the library as cel-go prints it, with the place in the source. */
export function describeFault(error: LibraryError, source: string): string {
  const { line, column, text } = placeOf(source, startOf(error, source))
  const message = wordsOf(error)
  return `ERROR: <input>:${line}:${column + 1}: ${message}\n | ${text}\n | ${'.'.repeat(column)}^`
}

/** cel-go points at a field's dot, at an operator, at a call's bracket; the library at where the expression begins. */
function startOf({ code, range, node }: LibraryError, source: string): number {
  const start = range?.start ?? 0
  const after = (end: number | undefined, text: string): number => {
    const at = source.indexOf(text, end ?? start)
    return at < 0 ? start : at
  }
  if (code === 'no_such_key') return Math.max(0, source.lastIndexOf('.', start))
  if (!node?.args) return start
  if (node.op === 'rcall') return after(after(node.args[1]?.end, `.${node.args[0]}`), '(')
  if (node.op === 'call') return after(start, '(')
  return OPERATORS[node.op ?? ''] ? after(node.args[0]?.end, node.op!) : start
}

function placeOf(source: string, at: number): { line: number; column: number; text: string } {
  const before = source.slice(0, at).split('\n')
  const line = before.length
  return { line, column: before.at(-1)!.length, text: source.split('\n')[line - 1] ?? '' }
}

/** cel-go's names of operators. */
const OPERATORS: Record<string, string> = {
  '+': '_+_',
  '-': '_-_',
  '*': '_*_',
  '/': '_/_',
  '%': '_%_',
  '<': '_<_',
  '<=': '_<=_',
  '>': '_>_',
  '>=': '_>=_',
  '==': '_==_',
  '!=': '_!=_',
  in: '@in',
}

function wordsOf({ code, summary, message }: LibraryError): string {
  const text = summary ?? message
  const field = /^No such key: (.*)$/.exec(text)?.[1]
  if (code === 'no_such_key' && field) return `undefined field '${field}'`
  const variable = /^Unknown variable: (.*)$/.exec(text)?.[1]
  if (variable) return `undeclared reference to '${variable}' (in container '')`
  const overload = /^no such overload: (.+?) (\S+) (.+)$/.exec(text)
  if (overload && OPERATORS[overload[2]!])
    return `found no matching overload for '${OPERATORS[overload[2]!]}' applied to '(${goType(overload[1]!)}, ${goType(overload[3]!)})'`
  const call = /^found no matching overload for '(?:(.+)\.)?(\w+)\((.*)\)'$/.exec(text)
  if (call) {
    const parameters = (call[3] ?? '').split(', ').filter(Boolean).map(goType).join(', ')
    const applied = call[1] ? `${goType(call[1])}.(${parameters})` : `(${parameters})`
    return `found no matching overload for '${call[2]}' applied to '${applied}'`
  }
  return code?.includes('token') || code === 'parse_error' ? `Syntax error: ${text}` : text
}

/** `list<string>` → `list(string)`, `map<string, int>` → `map(string, int)`. */
const goType = (type: string): string => type.replaceAll('<', '(').replaceAll('>', ')')
