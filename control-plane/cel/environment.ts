import { Environment } from '@marcbachmann/cel-js'
import { guardPatterns } from '../../api/schema/structural/pattern.ts'
import { describeFault } from './faults.ts'
import { registerFormats } from './functions/formats.ts'
import { registerLists } from './functions/lists.ts'
import { registerMath } from './functions/math.ts'
import { registerNetwork } from './functions/network.ts'
import { registerQuantity } from './functions/quantity.ts'
import { registerSemver } from './functions/semver.ts'
import { registerStrings } from './functions/strings.ts'
import { registerUrl } from './functions/url.ts'
import { type AstNode, childrenOf } from './syntax.ts'

/** What the expressions of one evaluation may cost together. Counted down; below zero evaluation ends. */
export interface Budget {
  left: number
}

/** Thrown when a budget is used up. */
export class CostError extends Error {
  readonly code = 'CEL_COST'
}

/** An expression that cannot be compiled; the message is cel-go's. */
export class CompileError extends Error {
  readonly code = 'CEL_COMPILE'
}

/** An expression that failed; the message is cel-go's, without place. */
export class EvaluationError extends Error {
  readonly code = 'CEL_EVALUATION'
}

/** A compiled expression. */
export interface Program {
  /** CEL's name of the type that it gives. */
  type: string
  /** @throws EvaluationError, CostError */
  evaluate(variables: Record<string, unknown>, budget: Budget): unknown
  /** The library's syntax tree. */
  ast: AstNode
}

/** The library's evaluator: all steps go through `run`. */
interface Evaluator {
  run(ast: { evaluate(ev: Evaluator, ast: unknown, context: unknown): unknown }, context: unknown): unknown
}

const LIMITS = { maxAstNodes: 20_000, maxDepth: 200 }

let base: Environment | undefined

/** A new environment with all of Kubernetes' functions. */
export function createEnvironment(): Environment {
  base ??= registerAll(
    new Environment({ enableOptionalTypes: true, homogeneousAggregateLiterals: false, limits: LIMITS }),
  )
  return base.clone()
}

/** Which evaluator a call came through: how an environment's is found (see {@link chargeSteps}). */
let caught: Evaluator | undefined

function registerAll(environment: Environment): Environment {
  guardPatterns()
  environment.registerFunction('__evaluator(): bool', function (this: unknown) {
    caught = this as Evaluator
    return true
  } as () => boolean)
  for (const register of [
    registerStrings,
    registerLists,
    registerMath,
    registerUrl,
    registerQuantity,
    registerNetwork,
    registerSemver,
    registerFormats,
  ])
    register(environment)
  return environment
}

let budget: Budget = { left: Number.POSITIVE_INFINITY }
/** One step for every so many characters or items that are looked at, upstream's factor. */
const PER_SIZE = 0.1

/**
 * The library counts no cost. All steps of an environment go through its evaluator's `run`, which is replaced by one that
 * charges each of them, and what is read by its size.
 */
function chargeSteps(environment: Environment): void {
  environment.evaluate('__evaluator()')
  caught!.run = function run(ast, context) {
    if (--budget.left < 0) throw new CostError('operation cancelled: actual cost limit exceeded')
    const value = ast.evaluate(this, ast, context)
    if (typeof value === 'string' || Array.isArray(value)) budget.left -= value.length * PER_SIZE
    return value
  }
}

const charged = new WeakSet<Environment>()

/**
 * Compiles an expression.
 * @throws CompileError
 */
export function compile(environment: Environment, expression: string): Program {
  if (!charged.has(environment)) {
    chargeSteps(environment)
    charged.add(environment)
  }
  try {
    const program = environment.parse(expression)
    const { valid, type, error } = program.check()
    if (!valid) throw error
    checkTests(environment, program.ast as unknown as AstNode)
    return {
      type: type!,
      ast: program.ast as unknown as AstNode,
      evaluate: (variables, allowed) => run(() => program(variables), allowed),
    }
  } catch (error) {
    throw new CompileError(describeFault(error as Error, expression), { cause: error })
  }
}

/** `has` of a field that no schema declares is a mistake: the library would only answer no. */
function checkTests(environment: Environment, node: AstNode): void {
  if (node.op === 'call' && node.args[0] === 'has') {
    const [field] = node.args[1] as [AstNode]
    if (isField(environment, field)) {
      const { valid, error } = environment.check(field.input.slice(field.start, field.end))
      if (!valid) throw shifted(error as PlacedError, field.start)
    }
  }
  for (const child of childrenOf(node)) checkTests(environment, child)
}

/** Whether a path of fields begins at a variable of the environment, and not at one of a macro. */
function isField(environment: Environment, { op, args }: AstNode): boolean {
  if (op === '.') return isField(environment, args[0])
  return op === 'id' && environment.hasVariable(args)
}

type PlacedError = Error & { code?: string; summary?: string; range?: { start: number; end: number } }

const shifted = ({ code, summary, message, range }: PlacedError, by: number): object => ({
  code,
  summary,
  message,
  range: { start: (range?.start ?? 0) + by },
})

function run(evaluate: () => unknown, allowed: Budget): unknown {
  const outer = budget
  budget = allowed
  try {
    const value = evaluate()
    if (allowed.left < 0) throw new CostError('operation cancelled: actual cost limit exceeded')
    return value
  } catch (error) {
    if (error instanceof CostError || allowed.left < 0)
      throw new CostError('operation cancelled: actual cost limit exceeded')
    const { summary, message } = error as Error & { summary?: string }
    throw new EvaluationError(runtimeText(summary ?? message), { cause: error })
  } finally {
    budget = outer
  }
}

/** cel-go's words for what goes wrong while a rule runs. */
const runtimeText = (text: string): string =>
  text
    .replace(/^No such key: index out of bounds, index (\d+).*/, 'index out of bounds: $1')
    .replace(/^No such key: /, 'no such key: ')
