import type { MatchCondition } from '../../../api/kinds/admission-types.ts'
import {
  duplicateValue,
  type FieldError,
  invalidValue,
  required as requiredError,
  tooMany,
} from '../../../api/meta/status.ts'
import { isQualifiedName } from '../../../api/meta/validation.ts'
import { cel } from '../../cel/lazy.ts'
import { collect, text } from '../rules/check.ts'

type Compiler = InstanceType<ReturnType<typeof cel>['AdmissionCompiler']>
export type Expression = ReturnType<Compiler['compile']>

const MOST_CONDITIONS = 64

/** What is wrong with an expression that was compiled. */
export const expressionFaults = (compiled: Expression, path: string): readonly FieldError[] =>
  'fault' in compiled ? [invalidValue(path, compiled.expression, compiled.fault)] : []

const qualifiedName = text(isQualifiedName)

/** Conditions of a webhook or a policy. The language must have been loaded. */
export function conditionFaults(
  conditions: readonly Partial<MatchCondition>[],
  path: string,
  hasParams: boolean,
): readonly FieldError[] {
  if (conditions.length === 0) return []
  const compiler = new (cel().AdmissionCompiler)()
  const scope = { hasParams, hasAuthorizer: true }
  const names = new Set<string>()
  return collect(
    conditions.length > MOST_CONDITIONS && [tooMany(path, conditions.length, MOST_CONDITIONS)],
    conditions.flatMap(({ name = '', expression = '' }, i) => {
      const at = `${path}[${i}]`
      const trimmed = expression.trim()
      const isRepeated = name !== '' && names.has(name)
      names.add(name)
      return collect(
        trimmed === ''
          ? [requiredError(`${at}.expression`, '')]
          : expressionFaults(compiler.compile(trimmed, scope, ['bool']), `${at}.expression`),
        name === '' ? [requiredError(`${at}.name`, '')] : qualifiedName(name, `${at}.name`),
        isRepeated && [duplicateValue(`${at}.name`, name)],
      )
    }),
  )
}
