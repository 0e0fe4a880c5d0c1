import type { ValidatingAdmissionPolicy } from '../../../api/kinds/admission-types.ts'
import type { AdmissionCompiler, AdmissionExpression } from '../../cel/admission.ts'
import { cel, loadCel } from '../../cel/lazy.ts'
import { compileConditions, type MatchConditions } from '../expressions/match-conditions.ts'

/** A policy's expressions, ready to run. */
export interface CompiledPolicy {
  compiler: AdmissionCompiler
  evaluateAll: typeof import('../../cel/admission.ts').evaluateAll
  conditions: MatchConditions | undefined
  validations: AdmissionExpression[]
  /** One a validation, for those that have one. */
  messages: (AdmissionExpression | undefined)[]
  annotations: AdmissionExpression[]
}

/** Compiles the expressions of a policy; the language is loaded for that. */
export async function compilePolicy({ spec }: ValidatingAdmissionPolicy): Promise<CompiledPolicy> {
  await loadCel()
  const { AdmissionCompiler, evaluateAll } = cel()
  const { matchConditions = [], variables = [], validations = [], auditAnnotations = [] } = spec
  const hasParams = spec.paramKind !== undefined
  const scope = { hasParams, hasAuthorizer: true }
  const compiler = new AdmissionCompiler()
  for (const { name, expression } of variables) compiler.define(name, expression, scope)
  return {
    compiler,
    evaluateAll,
    conditions:
      matchConditions.length > 0
        ? await compileConditions(matchConditions, spec.failurePolicy ?? 'Fail', hasParams)
        : undefined,
    validations: validations.map(({ expression }) => compiler.compile(expression, scope, ['bool'])),
    messages: validations.map(
      ({ messageExpression }) =>
        messageExpression &&
        compiler.compile(messageExpression, { hasParams, hasAuthorizer: false }, ['string']),
    ) as (AdmissionExpression | undefined)[],
    annotations: auditAnnotations.map(({ valueExpression }) =>
      compiler.compile(valueExpression, scope, ['string', 'null']),
    ),
  }
}
