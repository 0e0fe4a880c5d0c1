import type { FailurePolicy, MatchCondition } from '../../../api/kinds/admission-types.ts'
import type { AdmissionCompiler, AdmissionExpression, AdmissionInputs } from '../../cel/admission.ts'
import { cel, loadCel } from '../../cel/lazy.ts'

/** What all conditions of a webhook or a policy may cost together (upstream's limit). */
const BUDGET = 2_500_000

/** Conditions in CEL that a request must meet. */
export interface MatchConditions {
  /** Whether the request meets all; the message of an error where that cannot be said and failing is the policy. */
  test(inputs: AdmissionInputs, failed: () => void): { matches: boolean } | { error: string }
}

/** Compiles conditions; the language is loaded for that. */
export async function compileConditions(
  conditions: readonly MatchCondition[],
  failurePolicy: FailurePolicy,
  hasParams: boolean,
): Promise<MatchConditions> {
  await loadCel()
  const { AdmissionCompiler, evaluateAll } = cel()
  const compiler = new AdmissionCompiler()
  const scope = { hasParams, hasAuthorizer: true }
  const compiled = conditions.map(({ expression }) => compiler.compile(expression, scope, ['bool']))
  const fail = (error: string) => (failurePolicy === 'Fail' ? { error } : { matches: false })
  return {
    test(inputs, failed) {
      try {
        return decide(compiled, compiler, evaluateAll, inputs, failed, fail)
      } catch (error) {
        if ((error as { code?: string }).code !== 'CEL_OUT_OF_BUDGET') throw error
        return fail((error as Error).message)
      }
    },
  }
}

/** One that is not met decides, whatever became of the others. */
function decide(
  compiled: readonly AdmissionExpression[],
  compiler: AdmissionCompiler,
  evaluateAll: typeof import('../../cel/admission.ts').evaluateAll,
  inputs: AdmissionInputs,
  failed: () => void,
  fail: (error: string) => { matches: boolean } | { error: string },
): { matches: boolean } | { error: string } {
  const budget = { left: BUDGET }
  const outcomes = evaluateAll(compiled, compiler.bind(inputs, budget), budget)
  const errors = outcomes.flatMap(({ error }) => error ?? [])
  for (const _ of errors) failed()
  if (outcomes.some(outcome => outcome.error === undefined && outcome.value === false))
    return { matches: false }
  if (errors.length === 0) return { matches: true }
  return fail(errors.length === 1 ? errors[0]! : `[${errors.join(', ')}]`)
}
