/** Where an expression is written: characters from the beginning. */
interface Placed {
  readonly at: number
}

/** A constant of the source, as a value. */
export interface Literal extends Placed {
  op: 'literal'
  value: unknown
}
export interface Ident extends Placed {
  op: 'ident'
  name: string
}
/** A field; with `isTest` whether it is there. */
export interface Select extends Placed {
  op: 'select'
  operand: Expression
  field: string
  isTest: boolean
}
/** A function or an operator (`_+_`). */
export interface Call extends Placed {
  op: 'call'
  name: string
  target: Expression | undefined
  args: Expression[]
}
export interface List extends Placed {
  op: 'list'
  items: Expression[]
  /** Which of the items may be absent. */
  optional: Set<number>
}
export interface Entry extends Placed {
  key: Expression
  value: Expression
  isOptional: boolean
}
export interface MapLiteral extends Placed {
  op: 'map'
  entries: Entry[]
}
export interface StructField extends Placed {
  name: string
  value: Expression
  isOptional: boolean
}
export interface Struct extends Placed {
  op: 'struct'
  name: string
  fields: StructField[]
}
/** What a macro over a range becomes. */
export interface Fold extends Placed {
  op: 'fold'
  range: Expression
  variable: string
  second: string | undefined
  accumulator: string
  initial: Expression
  condition: Expression
  step: Expression
  result: Expression
}

export type Expression = Literal | Ident | Select | Call | List | MapLiteral | Struct | Fold

/** The accumulator of macros: no name that can be written. */
export const ACCUMULATOR = '@result'

/** The expressions directly inside of one. */
export function childrenOf(node: Expression): Expression[] {
  switch (node.op) {
    case 'select':
      return [node.operand]
    case 'call':
      return node.target ? [node.target, ...node.args] : node.args
    case 'list':
      return node.items
    case 'map':
      return node.entries.flatMap(({ key, value }) => [key, value])
    case 'struct':
      return node.fields.map(({ value }) => value)
    case 'fold':
      return [node.range, node.initial, node.condition, node.step, node.result]
    default:
      return []
  }
}

/** `a.b.c` for a chain of fields on a name; undefined for all else. */
export function qualifiedName(node: Expression): string | undefined {
  if (node.op === 'ident') return node.name
  if (node.op !== 'select' || node.isTest) return undefined
  const prefix = qualifiedName(node.operand)
  return prefix === undefined ? undefined : `${prefix}.${node.field}`
}

/** The fold that gives a name to a value goes over nothing. */
export const isBind = ({ range, condition, accumulator }: Fold): boolean =>
  range.op === 'list' &&
  range.items.length === 0 &&
  condition.op === 'literal' &&
  condition.value === false &&
  accumulator !== ACCUMULATOR

/** What is wrong with an expression, and where. */
export interface Issue {
  at: number
  message: string
}

/** An expression that cannot be compiled; the message is cel-go's. */
export class CompileError extends Error {
  readonly code = 'CEL_COMPILE'
  readonly issues: readonly Issue[]

  constructor(source: string, issues: readonly Issue[]) {
    super(describeIssues(source, issues))
    this.issues = issues
  }
}

function describeIssues(source: string, issues: readonly Issue[]): string {
  const sorted = [...issues].sort((a, b) => a.at - b.at)
  const texts = sorted.map(issue => describeIssue(source, issue))
  return [...new Set(texts)].join('\n')
}

function describeIssue(source: string, { at, message }: Issue): string {
  const before = source.slice(0, at).split('\n')
  const line = before.length
  const text = (source.split('\n')[line - 1] ?? '').replaceAll('\t', ' ')
  const column = [...before.at(-1)!].length
  const dots = [...text].slice(0, column).map(character => (isWide(character) ? '．' : '.'))
  const arrow = isWide([...text][column] ?? '') ? '＾' : '^'
  return `ERROR: <input>:${line}:${column + 1}: ${message}\n | ${text}\n | ${dots.join('')}${arrow}`
}

/** Characters of more than one byte have marks as wide as they are under them. */
const isWide = (character: string): boolean => character > '\x7f'
