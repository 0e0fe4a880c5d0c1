import type {
  FailurePolicy,
  PolicyValidation,
  ValidatingAdmissionPolicy,
} from '../../../api/kinds/admission-types.ts'
import type { AdmissionInputs, Outcome } from '../../cel/admission.ts'
import type { CompiledPolicy } from './compile.ts'

/** What all expressions of a policy may cost together on one request (upstream's limit). */
const BUDGET = 10_000_000
/** Longer messages of expressions are not shown. Bytes. */
const LONGEST_MESSAGE = 5 * 1024

export type ErrorType = 'no_error' | 'compile_error' | 'invalid_error' | 'out_of_budget'

/** One validation that did not hold, or could not be evaluated. */
export interface Denial {
  message: string
  reason?: string | undefined
  /** Which of the policy's validations. */
  index: number
  errorType: ErrorType
}

/** What a policy says of one request. */
export interface Evaluation {
  denials: Denial[]
  /** Errors that the policy ignores. */
  ignored: ErrorType[]
  annotations: { key: string; value: string }[]
  /** Audit annotations that could not be made, where that is reason to refuse. */
  annotationFaults: string[]
}

/** Evaluates a policy. @param excluded told when its match conditions leave the request out */
export function evaluatePolicy(
  policy: ValidatingAdmissionPolicy,
  compiled: CompiledPolicy,
  inputs: AdmissionInputs,
  counts: { conditionFailed(): void; excluded(): void; conditionsTested(seconds: number): void },
): Evaluation {
  const evaluation: Evaluation = { denials: [], ignored: [], annotations: [], annotationFaults: [] }
  const failurePolicy = policy.spec.failurePolicy ?? 'Fail'
  const start = performance.now()
  const met = compiled.conditions?.test(inputs, counts.conditionFailed) ?? { matches: true }
  if (compiled.conditions) counts.conditionsTested((performance.now() - start) / 1_000)
  if ('error' in met) {
    fail(evaluation, failurePolicy, { message: met.error, index: 0, errorType: 'invalid_error' })
    return evaluation
  }
  if (!met.matches) {
    counts.excluded()
    return evaluation
  }
  try {
    validate(policy, compiled, inputs, evaluation)
    annotate(policy, compiled, inputs, evaluation)
    return evaluation
  } catch (error) {
    if ((error as { code?: string }).code !== 'CEL_OUT_OF_BUDGET') throw error
    const over: Evaluation = { denials: [], ignored: [], annotations: [], annotationFaults: [] }
    fail(over, failurePolicy, { message: (error as Error).message, index: 0, errorType: 'out_of_budget' })
    return over
  }
}

function fail({ denials, ignored }: Evaluation, failurePolicy: FailurePolicy, denial: Denial): void {
  if (failurePolicy === 'Fail') denials.push(denial)
  else ignored.push(denial.errorType)
}

function validate(
  { spec }: ValidatingAdmissionPolicy,
  { compiler, evaluateAll, validations, messages }: CompiledPolicy,
  inputs: AdmissionInputs,
  evaluation: Evaluation,
): void {
  const budget = { left: BUDGET }
  const bound = compiler.bind(inputs, budget)
  for (const [index, outcome] of evaluateAll(validations, bound, budget).entries()) {
    if (outcome.error !== undefined) {
      const errorType = 'fault' in validations[index]! ? 'compile_error' : 'invalid_error'
      fail(evaluation, spec.failurePolicy ?? 'Fail', { message: outcome.error, index, errorType })
    } else if (outcome.value !== true) {
      const validation = spec.validations![index]!
      const expression = messages[index]
      const said = expression && evaluateAll([expression], bound, budget)[0]
      const { reason = 'Invalid' } = validation
      evaluation.denials.push({ message: messageOf(validation, said), reason, index, errorType: 'no_error' })
    }
  }
}

/** A message expression that fails, or gives no line of text, gives way to the fixed message. */
function messageOf({ message, expression }: PolicyValidation, said: Outcome | undefined): string {
  const text = said?.error === undefined && typeof said?.value === 'string' ? said.value.trim() : ''
  if (text && !text.includes('\n') && Buffer.byteLength(text) <= LONGEST_MESSAGE) return text
  return message?.trim() || `failed expression: ${expression.trim()}`
}

function annotate(
  { spec }: ValidatingAdmissionPolicy,
  { compiler, evaluateAll, annotations }: CompiledPolicy,
  inputs: AdmissionInputs,
  { annotations: made, annotationFaults }: Evaluation,
): void {
  if (annotations.length === 0) return
  const budget = { left: BUDGET }
  const outcomes = evaluateAll(annotations, compiler.bind(inputs, budget), budget)
  for (const [i, outcome] of outcomes.entries()) {
    if (outcome.error !== undefined) {
      if (spec.failurePolicy !== 'Ignore') annotationFaults.push(outcome.error)
    } else if (typeof outcome.value === 'string' && outcome.value.trim() !== '') {
      made.push({ key: spec.auditAnnotations![i]!.key, value: outcome.value.trim() })
    }
  }
}
