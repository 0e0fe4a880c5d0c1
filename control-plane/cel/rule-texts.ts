import type { JsonSchemaProps, ValidationRule } from '../../api/kinds/apiextensions.ts'
import { type FieldError, invalidValue, notSupported, required } from '../../api/meta/status.ts'
import { pathFault } from './field-path.ts'

const REASONS = ['FieldValueDuplicate', 'FieldValueForbidden', 'FieldValueInvalid', 'FieldValueRequired']

const hasLineBreak = (text: string): boolean => /[\n\r]/.test(text)

/** What is wrong with the texts of a rule, before it is compiled. */
export function checkRuleTexts(rule: ValidationRule, schema: JsonSchemaProps, path: string): FieldError[] {
  const errors = checkMessage(rule, path)
  const { messageExpression, reason, fieldPath } = rule
  if (messageExpression && messageExpression.trim() === '')
    errors.push(required(`${path}.messageExpression`, 'messageExpression must be non-empty if specified'))
  if (reason !== undefined && !REASONS.includes(reason))
    errors.push(notSupported(`${path}.reason`, reason, REASONS))
  if (!fieldPath) return errors
  const refuse = (detail: string): void =>
    void errors.push(invalidValue(`${path}.fieldPath`, fieldPath, detail))
  if (fieldPath.trim() === '') refuse('must be non-empty if specified')
  if (hasLineBreak(fieldPath)) refuse('must not contain line breaks')
  if (pathFault(fieldPath, schema)) refuse('must be a valid path')
  return errors
}

function checkMessage({ rule = '', message = '' }: ValidationRule, path: string): FieldError[] {
  const place = `${path}.message`
  if (rule.trim() === '') return [required(`${path}.rule`, 'rule is not specified')]
  if (message !== '' && message.trim() === '')
    return [invalidValue(place, message, 'must be non-empty if specified')]
  if (hasLineBreak(message.trim())) return [invalidValue(place, message, 'must not contain line breaks')]
  if (hasLineBreak(rule.trim()) && message.trim() === '')
    return [required(place, 'message must be specified if rule contains line breaks')]
  return []
}
