import { CompileError, type Issue } from './syntax.ts'

/** A word of the source. */
export interface Token {
  kind: 'int' | 'uint' | 'double' | 'string' | 'bytes' | 'name' | 'escaped' | 'mark' | 'end'
  text: string
  at: number
}

const PATTERNS: [Token['kind'] | undefined, RegExp][] = [
  [undefined, /[\t \r\n\f]+|\/\/[^\n]*/y],
  [
    'bytes',
    /[bB](?:[rR](?:"""[\s\S]*?"""|'''[\s\S]*?'''|"[^"\n\r]*"|'[^'\n\r]*')|"""(?:\\[\s\S]|[^\\])*?"""|'''(?:\\[\s\S]|[^\\])*?'''|"(?:\\.|[^\\"\n\r])*"|'(?:\\.|[^\\'\n\r])*')/y,
  ],
  [
    'string',
    /[rR](?:"""[\s\S]*?"""|'''[\s\S]*?'''|"[^"\n\r]*"|'[^'\n\r]*')|"""(?:\\[\s\S]|[^\\])*?"""|'''(?:\\[\s\S]|[^\\])*?'''|"(?:\\.|[^\\"\n\r])*"|'(?:\\.|[^\\'\n\r])*'/y,
  ],
  ['double', /\d+\.\d+(?:[eE][+-]?\d+)?|\d+[eE][+-]?\d+|\.\d+(?:[eE][+-]?\d+)?/y],
  ['uint', /(?:0x[0-9a-fA-F]+|\d+)[uU]/y],
  ['int', /0x[0-9a-fA-F]+|\d+/y],
  ['name', /[A-Za-z_][A-Za-z0-9_]*/y],
  ['escaped', /`[A-Za-z0-9_./ -]+`/y],
  ['mark', /==|!=|<=|>=|&&|\|\||[<>[\]{}().,\-!?:+*/%]/y],
]

/**
 * Takes a source apart.
 * @throws CompileError for characters that are nothing
 */
export function tokenize(source: string): Token[] {
  const tokens: Token[] = []
  const issues: Issue[] = []
  let at = 0
  while (at < source.length) {
    const found = tokenAt(source, at)
    if (!found) {
      const text = source.slice(at, at + (source[at] === '"' || source[at] === "'" ? source.length : 1))
      issues.push({ at, message: `Syntax error: token recognition error at: '${text}'` })
      at += text.length
    } else {
      if (found.kind) tokens.push({ kind: found.kind, text: found.text, at })
      at += found.text.length
    }
  }
  if (issues.length > 0) throw new CompileError(source, issues)
  tokens.push({ kind: 'end', text: '<EOF>', at: source.length })
  return tokens
}

function tokenAt(source: string, at: number): { kind: Token['kind'] | undefined; text: string } | undefined {
  for (const [kind, pattern] of PATTERNS) {
    pattern.lastIndex = at
    const text = pattern.exec(source)?.[0]
    if (text !== undefined) return { kind, text }
  }
  return undefined
}
