import { type Token, tokenize } from './lexer.ts'
import { type Dialect, expand, MacroError } from './macros.ts'
import { CompileError, type Entry, type Expression, type List, type StructField } from './syntax.ts'
import { unescapeBytes, unescapeString } from './unescape.ts'
import { Uint } from './values.ts'

const RESERVED = new Set(
  'as break const continue else false for function if import in let loop package namespace null return true var void while'.split(
    ' ',
  ),
)
/** Words that are no names to the grammar. */
const KEYWORDS = new Set(['true', 'false', 'null', 'in'])

const PRIMARY =
  "{'[', '{', '(', '.', '-', '!', 'true', 'false', 'null', NUM_FLOAT, NUM_INT, NUM_UINT, STRING, BYTES, IDENTIFIER}"
const DEEPEST = 250
const LONGEST = 100_000

const RELATIONS = new Set(['<', '<=', '>=', '>', '==', '!=', 'in'])
const OPERATORS: Record<string, string> = { in: '@in' }
const operator = (text: string): string => OPERATORS[text] ?? `_${text}_`

/**
 * Reads an expression; macros are replaced by what they stand for.
 * @throws CompileError
 */
export function parse(source: string, options: Dialect = {}): Expression {
  if ([...source].length > LONGEST)
    throw new CompileError(source, [
      {
        at: 0,
        message: `expression code point size exceeds limit: size: ${[...source].length}, limit ${LONGEST}`,
      },
    ])
  return new Parser(source, options).whole()
}

class Parser {
  readonly #source: string
  readonly #dialect: Dialect
  readonly #tokens: Token[]
  #at = 0
  #depth = 0

  constructor(source: string, dialect: Dialect) {
    this.#source = source
    this.#dialect = dialect
    this.#tokens = tokenize(source)
  }

  whole(): Expression {
    const expression = this.#expression()
    const { kind, text } = this.#token
    if (kind === 'end') return expression
    const isOneTooMany = this.#tokens[this.#at + 1]!.kind === 'end'
    const expected = isOneTooMany ? '<EOF>' : FOLLOWING
    throw this.#syntax(`${isOneTooMany ? 'extraneous' : 'mismatched'} input '${text}' expecting ${expected}`)
  }

  get #token(): Token {
    return this.#tokens[this.#at]!
  }

  #is(text: string): boolean {
    return this.#token.kind === 'mark' && this.#token.text === text
  }

  #isNext(text: string): boolean {
    const { kind, text: next } = this.#tokens[this.#at + 1] ?? this.#token
    return kind === 'mark' && next === text
  }

  #accept(text: string): Token | undefined {
    return this.#is(text) ? this.#tokens[this.#at++] : undefined
  }

  #expect(text: string): Token {
    const found = this.#accept(text)
    if (found) return found
    const got = this.#token.text
    throw this.#syntax(
      this.#token.kind === 'end'
        ? `missing '${text}' at '${got}'`
        : `mismatched input '${got}' expecting '${text}'`,
    )
  }

  #syntax(message: string): CompileError {
    return this.#error(this.#token.at, `Syntax error: ${message}`)
  }

  #error(at: number, message: string): CompileError {
    return new CompileError(this.#source, [{ at, message }])
  }

  #call(at: number, name: string, args: Expression[], target?: Expression): Expression {
    try {
      return expand({ op: 'call', at, name, target, args }, this.#dialect)
    } catch (error) {
      if (error instanceof MacroError) throw this.#error(error.at, error.message)
      throw error
    }
  }

  #expression(): Expression {
    if (++this.#depth > DEEPEST) throw this.#error(0, 'expression recursion limit exceeded: 250')
    const condition = this.#or()
    const mark = this.#accept('?')
    if (!mark) {
      this.#depth--
      return condition
    }
    const left = this.#or()
    this.#expect(':')
    const right = this.#expression()
    this.#depth--
    return this.#call(mark.at, '_?_:_', [condition, left, right])
  }

  /** What follows each other on one level is nested all the same: `((1 + 1) + 1) + 1`. */
  #lengthen(length: number): void {
    if (length > DEEPEST) throw this.#error(0, 'max recursion depth exceeded')
  }

  #or(): Expression {
    return this.#logical('||', () => this.#logical('&&', () => this.#relation()))
  }

  /** Terms of one logical operator are one call, however many. */
  #logical(text: string, term: () => Expression): Expression {
    const first = term()
    if (!this.#is(text)) return first
    const at = this.#token.at
    const args = [first]
    while (this.#accept(text)) args.push(term())
    return this.#call(at, operator(text), args)
  }

  #relation(): Expression {
    let left = this.#sum()
    let length = 0
    while (RELATIONS.has(this.#token.text) && (this.#token.kind === 'mark' || this.#token.kind === 'name')) {
      const { at, text } = this.#tokens[this.#at++]!
      left = this.#call(at, operator(text), [left, this.#sum()])
      this.#lengthen(++length)
    }
    return left
  }

  #sum(): Expression {
    return this.#binary(['+', '-'], () => this.#binary(['*', '/', '%'], () => this.#unary()))
  }

  #binary(operators: string[], operand: () => Expression): Expression {
    let left = operand()
    for (let length = 1; ; length++) {
      this.#lengthen(length)
      const mark = this.#token
      if (mark.kind !== 'mark' || !operators.includes(mark.text)) return left
      this.#at++
      left = this.#call(mark.at, operator(mark.text), [left, operand()])
    }
  }

  #unary(): Expression {
    for (const [mark, name] of [
      ['!', '!_'],
      ['-', '-_'],
    ] as const) {
      if (!this.#is(mark)) continue
      const { at } = this.#token
      let count = 0
      while (this.#is(mark) && !this.#isNegativeNumber()) {
        this.#at++
        count++
      }
      const operand = this.#member()
      return count % 2 === 0 ? operand : this.#call(at, name, [operand])
    }
    return this.#member()
  }

  #isNegativeNumber(): boolean {
    const { kind } = this.#tokens[this.#at + 1] ?? this.#token
    return this.#is('-') && (kind === 'int' || kind === 'double')
  }

  #member(): Expression {
    let node = this.#primary()
    for (let length = 1; ; length++) {
      this.#lengthen(length)
      const dot = this.#accept('.')
      if (dot) node = this.#field(node, dot)
      else if (this.#is('[')) node = this.#index(node)
      else return node
    }
  }

  #field(operand: Expression, dot: Token): Expression {
    const isOptional = this.#accept('?') !== undefined
    const token = this.#token
    if (token.kind !== 'escaped' && (token.kind !== 'name' || KEYWORDS.has(token.text)))
      throw this.#syntax(
        token.kind === 'name'
          ? `mismatched input '${token.text}' expecting IDENTIFIER`
          : `${token.kind === 'end' ? `no viable alternative at input '.'` : `no viable alternative at input '.${token.text}'`}`,
      )
    this.#at++
    if (token.kind === 'escaped') throw this.#error(token.at, "unsupported syntax: '`'")
    const { text } = token
    if (isOptional) {
      const name: Expression = { op: 'literal', at: token.at, value: text }
      return this.#call(dot.at, '_?._', [operand, name])
    }
    const open = this.#accept('(')
    if (open) return this.#call(open.at, text, this.#arguments(')'), operand)
    return { op: 'select', at: dot.at, operand, field: text, isTest: false }
  }

  #index(operand: Expression): Expression {
    const { at } = this.#expect('[')
    const isOptional = this.#accept('?') !== undefined
    const index = this.#expression()
    this.#expect(']')
    return this.#call(at, isOptional ? '_[?_]' : '_[_]', [operand, index])
  }

  #arguments(end: string): Expression[] {
    const args: Expression[] = []
    if (this.#accept(end)) return args
    do args.push(this.#expression())
    while (this.#accept(','))
    this.#expect(end)
    return args
  }

  #primary(): Expression {
    const token = this.#token
    switch (token.kind) {
      case 'mark':
        return this.#bracketed(token)
      case 'name':
        return this.#named(token)
      case 'end':
      case 'escaped':
        throw this.#syntax(`mismatched input '${token.text}' expecting ${PRIMARY}`)
      default:
        this.#at++
        return { op: 'literal', at: token.at, value: this.#literal(token, '') }
    }
  }

  #bracketed(token: Token): Expression {
    switch (token.text) {
      case '(': {
        this.#at++
        const inner = this.#expression()
        this.#expect(')')
        return inner
      }
      case '[':
        return this.#list()
      case '{':
        return this.#map()
      case '.':
        this.#at++
        if (this.#token.kind === 'name') return this.#named(this.#token, '.')
        break
      case '-':
        this.#at += 2
        return {
          op: 'literal',
          at: token.at,
          value: this.#literal({ ...this.#tokens[this.#at - 1]!, at: token.at }, '-'),
        }
    }
    throw this.#syntax(`mismatched input '${token.text}' expecting ${PRIMARY}`)
  }

  #named(token: Token, prefix = ''): Expression {
    const { at, text } = token
    if (text === 'in') throw this.#syntax(`mismatched input 'in' expecting ${PRIMARY}`)
    this.#at++
    if (text === 'true' || text === 'false') return { op: 'literal', at, value: text === 'true' }
    if (text === 'null') return { op: 'literal', at, value: null }
    const message = this.#messageName(text)
    if (message !== undefined) return this.#struct(prefix + message)
    if (RESERVED.has(text)) throw this.#error(at, `reserved identifier: ${text}`)
    const open = this.#accept('(')
    if (open) return this.#call(open.at, text, this.#arguments(')'))
    return { op: 'ident', at, name: text }
  }

  /** The name of a type with a bracket behind it: `a.b.C{`. */
  #messageName(first: string): string | undefined {
    let name = first
    let at = this.#at
    while (this.#tokens[at]!.text === '.' && this.#tokens[at + 1]!.kind === 'name') {
      name += `.${this.#tokens[at + 1]!.text}`
      at += 2
    }
    const { kind, text } = this.#tokens[at]!
    if (kind !== 'mark' || text !== '{') return undefined
    this.#at = at
    return name
  }

  #list(): List {
    const { at } = this.#expect('[')
    const items: Expression[] = []
    const optional = new Set<number>()
    if (this.#is(',') && this.#isNext(']')) this.#at++
    while (!this.#is(']')) {
      if (this.#accept('?')) optional.add(items.length)
      items.push(this.#expression())
      if (!this.#accept(',')) break
    }
    this.#expect(']')
    return { op: 'list', at, items, optional }
  }

  #map(): Expression {
    const { at } = this.#expect('{')
    const entries: Entry[] = []
    if (this.#is(',') && this.#isNext('}')) this.#at++
    while (!this.#is('}')) {
      const isOptional = this.#accept('?') !== undefined
      const key = this.#expression()
      const colon = this.#expect(':')
      entries.push({ at: colon.at, key, value: this.#expression(), isOptional })
      if (!this.#accept(',')) break
    }
    this.#expect('}')
    return { op: 'map', at, entries }
  }

  #struct(name: string): Expression {
    const { at } = this.#expect('{')
    const fields: StructField[] = []
    while (!this.#is('}')) {
      const isOptional = this.#accept('?') !== undefined
      const token = this.#token
      if (token.kind !== 'name') throw this.#syntax(`mismatched input '${token.text}' expecting IDENTIFIER`)
      this.#at++
      const colon = this.#expect(':')
      fields.push({ at: colon.at, name: token.text, value: this.#expression(), isOptional })
      if (!this.#accept(',')) break
    }
    this.#expect('}')
    return { op: 'struct', at, name, fields }
  }

  #literal({ kind, text, at }: Token, sign: string): unknown {
    switch (kind) {
      case 'int': {
        const value = sign ? -BigInt(text) : BigInt(text)
        if (BigInt.asIntN(64, value) !== value) throw this.#error(at, 'invalid int literal')
        return value
      }
      case 'uint':
        return this.#unsigned(BigInt(text.slice(0, -1)), at)
      case 'double':
        return this.#double(Number(sign + text), at)
      default:
        return this.#quoted(text, kind === 'bytes', at)
    }
  }

  #double(value: number, at: number): number {
    if (!Number.isFinite(value)) throw this.#error(at, 'invalid double literal')
    return value
  }

  #unsigned(value: bigint, at: number): Uint {
    if (BigInt.asUintN(64, value) !== value) throw this.#error(at, 'invalid uint literal')
    return new Uint(value)
  }

  #quoted(text: string, isBytes: boolean, at: number): unknown {
    try {
      return isBytes ? unescapeBytes(text.slice(1)) : unescapeString(text)
    } catch (error) {
      throw this.#error(at, (error as Error).message)
    }
  }
}

/** What may come behind a whole expression. */
const FOLLOWING =
  "{<EOF>, '==', '!=', 'in', '<', '<=', '>=', '>', '&&', '||', '[', '.', '-', '?', '+', '*', '/', '%'}"
