import { ACCUMULATOR, type Call, type Expression, type Fold } from './syntax.ts'

/** A macro that was written wrong; where is the place of what is wrong. */
export class MacroError extends Error {
  readonly at: number

  constructor(at: number, message: string) {
    super(message)
    this.at = at
  }
}

/** Which macros there are that not all expressions have. */
export interface Dialect {
  /** `cel.bind(name, value, expression)`, cel-go's bindings. */
  hasBind?: boolean
}

/** Makes what a call of a macro stands for. */
type Macro = (at: number, target: Expression, args: Expression[]) => Expression

const literal = (at: number, value: unknown): Expression => ({ op: 'literal', at, value })
const ident = (at: number, name: string): Expression => ({ op: 'ident', at, name })
const call = (at: number, name: string, ...args: Expression[]): Call => ({
  op: 'call',
  at,
  name,
  target: undefined,
  args,
})
const member = (at: number, target: Expression, name: string): Call => ({
  op: 'call',
  at,
  name,
  target,
  args: [],
})
const list = (at: number, ...items: Expression[]): Expression => ({
  op: 'list',
  at,
  items,
  optional: new Set(),
})
const result = (at: number): Expression => ident(at, ACCUMULATOR)

function variableOf(arg: Expression, why: string): string {
  if (arg.op !== 'ident') throw new MacroError(arg.at, why)
  if (arg.name === ACCUMULATOR || arg.name === '__result__')
    throw new MacroError(arg.at, 'iteration variable overwrites accumulator variable')
  return arg.name
}

interface Variables {
  variable: string
  second: string | undefined
}

const NO_IDENTIFIER = 'argument is not an identifier'
const NO_NAME = 'argument must be a simple name'

const one = ([first]: Expression[], why = NO_NAME): Variables => ({
  variable: variableOf(first!, why),
  second: undefined,
})

function two([first, second]: Expression[]): Variables {
  const variable = variableOf(first!, NO_NAME)
  const other = variableOf(second!, NO_NAME)
  if (variable === other) throw new MacroError(second!.at, `duplicate variable name: ${variable}`)
  return { variable, second: other }
}

type Parts = Pick<Fold, 'initial' | 'condition' | 'step'> & { result?: Expression }

const fold = (at: number, range: Expression, variables: Variables, parts: Parts): Expression => ({
  op: 'fold',
  at,
  range,
  ...variables,
  accumulator: ACCUMULATOR,
  result: result(at),
  ...parts,
})

const all = (at: number, predicate: Expression): Parts => ({
  initial: literal(at, true),
  condition: call(at, '@not_strictly_false', result(at)),
  step: call(at, '_&&_', result(at), predicate),
})

const exists = (at: number, predicate: Expression): Parts => ({
  initial: literal(at, false),
  condition: call(at, '@not_strictly_false', call(at, '!_', result(at))),
  step: call(at, '_||_', result(at), predicate),
})

const existsOne = (at: number, predicate: Expression): Parts => ({
  initial: literal(at, 0n),
  condition: literal(at, true),
  step: call(at, '_?_:_', predicate, call(at, '_+_', result(at), literal(at, 1n)), result(at)),
  result: call(at, '_==_', result(at), literal(at, 1n)),
})

/** Gathers what a step makes, of those where the filter holds. */
function gather(at: number, initial: Expression, step: Expression, filter: Expression | undefined): Parts {
  return {
    initial,
    condition: literal(at, true),
    step: filter ? call(at, '_?_:_', filter, step, result(at)) : step,
  }
}

const append = (at: number, item: Expression): Expression => call(at, '_+_', result(at), list(at, item))
const emptyMap = (at: number): Expression => ({ op: 'map', at, entries: [] })

/** A name for a value in an expression: a fold over nothing. */
const bind = (at: number, variable: string, value: Expression, body: Expression): Expression => ({
  op: 'fold',
  at,
  range: list(at),
  variable: '#unused',
  second: undefined,
  accumulator: variable,
  initial: value,
  condition: literal(at, false),
  step: ident(at, variable),
  result: body,
})

function optional(name: string, wrap: (at: number, body: Expression) => Expression): Macro {
  return (at, target, [first, body]) => {
    if (first!.op !== 'ident')
      throw new MacroError(first!.at, `${name}() variable name must be a simple identifier`)
    const bound = bind(at, first!.name, member(at, target, 'value'), body!)
    return call(at, '_?_:_', member(at, target, 'hasValue'), wrap(at, bound), call(at, 'optional.none'))
  }
}

/** Macros by `name:count of arguments`, all called on something. */
const RECEIVER: Record<string, Macro> = {
  'all:2': (at, target, args) => fold(at, target, one(args), all(at, args[1]!)),
  'exists:2': (at, target, args) => fold(at, target, one(args), exists(at, args[1]!)),
  'exists_one:2': (at, target, args) => fold(at, target, one(args), existsOne(at, args[1]!)),
  'existsOne:2': (at, target, args) => fold(at, target, one(args), existsOne(at, args[1]!)),
  'map:2': (at, target, args) =>
    fold(at, target, one(args, NO_IDENTIFIER), gather(at, list(at), append(at, args[1]!), undefined)),
  'map:3': (at, target, args) =>
    fold(at, target, one(args, NO_IDENTIFIER), gather(at, list(at), append(at, args[2]!), args[1])),
  'filter:2': (at, target, args) =>
    fold(at, target, one(args, NO_IDENTIFIER), gather(at, list(at), append(at, args[0]!), args[1])),
  'all:3': (at, target, args) => fold(at, target, two(args), all(at, args[2]!)),
  'exists:3': (at, target, args) => fold(at, target, two(args), exists(at, args[2]!)),
  'exists_one:3': (at, target, args) => fold(at, target, two(args), existsOne(at, args[2]!)),
  'existsOne:3': (at, target, args) => fold(at, target, two(args), existsOne(at, args[2]!)),
  'transformList:3': (at, target, args) =>
    fold(at, target, two(args), gather(at, list(at), append(at, args[2]!), undefined)),
  'transformList:4': (at, target, args) =>
    fold(at, target, two(args), gather(at, list(at), append(at, args[3]!), args[2])),
  'transformMap:3': (at, target, args) => transformMap(at, target, args, args[2]!, undefined),
  'transformMap:4': (at, target, args) => transformMap(at, target, args, args[3]!, args[2]),
  'transformMapEntry:3': (at, target, args) => transformEntry(at, target, args, args[2]!, undefined),
  'transformMapEntry:4': (at, target, args) => transformEntry(at, target, args, args[3]!, args[2]),
  'optMap:2': optional('optMap', (at, body) => call(at, 'optional.of', body)),
  'optFlatMap:2': optional('optFlatMap', (_, body) => body),
}

function transformMap(
  at: number,
  target: Expression,
  args: Expression[],
  value: Expression,
  filter: Expression | undefined,
): Expression {
  const variables = two(args)
  const step = call(at, 'cel.@mapInsert', result(at), ident(at, variables.variable), value)
  return fold(at, target, variables, gather(at, emptyMap(at), step, filter))
}

function transformEntry(
  at: number,
  target: Expression,
  args: Expression[],
  entry: Expression,
  filter: Expression | undefined,
): Expression {
  const step = call(at, 'cel.@mapInsert', result(at), entry)
  return fold(at, target, two(args), gather(at, emptyMap(at), step, filter))
}

const isBindCall = ({ name, target, args }: Call): boolean =>
  name === 'bind' && args.length === 3 && target?.op === 'ident' && target.name === 'cel'

function namedValue(at: number, [variable, value, body]: Expression[]): Expression {
  if (variable!.op !== 'ident')
    throw new MacroError(variable!.at, 'cel.bind() variable names must be simple identifiers')
  return bind(at, variable!.name, value!, body!)
}

/**
 * What a call stands for; the call itself when it is no macro.
 * @throws MacroError
 */
export function expand(node: Call, { hasBind = false }: Dialect = {}): Expression {
  const { at, name, target, args } = node
  if (hasBind && isBindCall(node)) return namedValue(at, args)
  if (target) return RECEIVER[`${name}:${args.length}`]?.(at, target, args) ?? node
  if (name !== 'has' || args.length !== 1) return node
  const [field] = args as [Expression]
  if (field.op !== 'select') throw new MacroError(field.at, 'invalid argument to has() macro')
  return { ...field, at, isTest: true }
}
