import { guardPatterns } from '../../api/schema/structural/pattern.ts'
import { Pending, registerAuthorizer } from './functions/authorizer.ts'
import { registerFormats } from './functions/formats.ts'
import { registerLists } from './functions/lists.ts'
import { registerNetwork } from './functions/network.ts'
import { registerQuantity } from './functions/quantity.ts'
import { registerSemver } from './functions/semver.ts'
import { registerStrings } from './functions/strings.ts'
import { registerUrl } from './functions/url.ts'
import { type Checked, check } from './language/checker.ts'
import { Environment } from './language/environment.ts'
import { checkFormats } from './language/format-calls.ts'
import type { Budget } from './language/frame.ts'
import { checkLiterals } from './language/literals.ts'
import type { Dialect } from './language/macros.ts'
import { parse } from './language/parser.ts'
import { plan } from './language/program.ts'
import { registerStandard } from './language/standard.ts'
import { CompileError, childrenOf, type Expression } from './language/syntax.ts'
import type { Type } from './language/types.ts'

export { Environment } from './language/environment.ts'
export { type Budget, CostError, InstantiationError } from './language/frame.ts'
export { CompileError } from './language/syntax.ts'
export { EvaluationError } from './language/values.ts'

/** The most that one expression may cost in one call (upstream's limit). */
export const CALL_LIMIT = 1_000_000

/** A compiled expression. */
export interface Program {
  /** CEL's name of the type that it gives. */
  type: string
  resultType: Type
  /**
   * Runs it. What it costs, in cel-go's units, is taken from the budget.
   * @throws EvaluationError when it fails, CostError when the budget is used up
   */
  evaluate(variables: Readonly<Record<string, unknown>>, budget: Budget): unknown
  /** Whether it speaks of a variable. */
  uses(variable: string): boolean
  /** Its parts with their types, for the estimate of its cost. */
  checked: Checked
}

let base: Environment | undefined

/** A new environment with all functions that Kubernetes v1.34 lets new expressions use. */
export function createEnvironment(): Environment {
  base ??= registerAll(new Environment())
  return base.clone()
}

function registerAll(environment: Environment): Environment {
  guardPatterns()
  for (const register of [
    registerStandard,
    registerStrings,
    registerLists,
    registerUrl,
    registerQuantity,
    registerNetwork,
    registerSemver,
    registerFormats,
    registerAuthorizer,
  ])
    register(environment)
  return environment
}

/**
 * Compiles an expression.
 * @throws CompileError when it is no expression or its types are wrong, InstantiationError when a part that is constant fails
 */
export function compile(environment: Environment, expression: string, dialect?: Dialect): Program {
  const checked = check(environment, parse(expression, dialect), expression)
  const issues = [...checkLiterals(checked), ...checkFormats(checked)]
  if (issues.length > 0) throw new CompileError(expression, issues)
  const resultType = checked.types.get(checked.root)!
  return {
    type: String(resultType),
    resultType,
    evaluate: plan(checked, environment),
    uses: variable => usesVariable(checked.root, variable),
    checked,
  }
}

/**
 * Runs an expression that may ask an authorizer: while one takes its time the expression waits, and is run again with the
 * answer. What it costs is counted once.
 * @throws EvaluationError when it fails, CostError when the budget is used up
 */
export async function evaluateSettled(
  { evaluate }: Program,
  variables: Readonly<Record<string, unknown>>,
  budget: Budget,
): Promise<unknown> {
  const { left } = budget
  for (;;) {
    try {
      return evaluate(variables, budget)
    } catch (error) {
      if (!(error instanceof Pending)) throw error
      await error.answer
      budget.left = left
    }
  }
}

/** Whether an expression speaks of a variable. Variables of macros do not hide those outside: their names differ. */
const usesVariable = (node: Expression, name: string): boolean =>
  (node.op === 'ident' && node.name === name) || childrenOf(node).some(child => usesVariable(child, name))
