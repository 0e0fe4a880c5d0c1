import type { ValidationRule } from '../../api/kinds/apiextensions.ts'

/** A rule as messages show it: in upstream's internal form. */
export const shownRule = (rule: ValidationRule): object => ({
  Rule: rule.rule ?? '',
  Message: rule.message ?? '',
  MessageExpression: rule.messageExpression ?? '',
  Reason: rule.reason ?? null,
  FieldPath: rule.fieldPath ?? '',
  OptionalOldSelf: rule.optionalOldSelf ?? null,
})
