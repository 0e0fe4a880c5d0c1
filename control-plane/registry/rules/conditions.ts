import { duplicateValue, type FieldError, invalidValue, tooLong } from '../../../api/meta/status.ts'
import { collect, oneOf, type Rule, required } from './check.ts'
import { labelKey } from './labels.ts'

const REASON = '[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?'
const reasonPattern = new RegExp(`^${REASON}$`)
const REASON_TEXT = `a condition reason must start with alphabetic character, optionally followed by a string of alphanumeric characters or '_,:', and must end with an alphanumeric character or '_' (e.g. 'my_name',  or 'MY_NAME',  or 'MyName',  or 'ReasonA,ReasonB',  or 'ReasonA:ReasonB', regex used for validation is '${REASON}')`
const LONGEST_REASON = 1_024
const LONGEST_MESSAGE = 32 * 1_024

const status = oneOf('False', 'True', 'Unknown')

const reasonFaults: Rule<string> = (reason, path) =>
  collect(
    !reasonPattern.test(reason) && [invalidValue(path, reason, REASON_TEXT)],
    reason.length > LONGEST_REASON && [tooLong(path, '', LONGEST_REASON)],
  )

const condition: Rule = (given, path) => {
  const { type = '', observedGeneration = 0, lastTransitionTime, reason, message = '' } = given
  const at = `${path}.observedGeneration`
  return collect(
    labelKey(type, `${path}.type`),
    status(given.status ?? '', `${path}.status`),
    observedGeneration < 0 && [invalidValue(at, observedGeneration, 'must be greater than or equal to zero')],
    required()(lastTransitionTime, `${path}.lastTransitionTime`),
    required(reasonFaults)(reason, `${path}.reason`),
    message.length > LONGEST_MESSAGE && [tooLong(`${path}.message`, '', LONGEST_MESSAGE)],
  )
}

/** meta/v1 Conditions: one of each type. */
export const conditions: Rule = (list: { type?: string }[], path) => {
  const seen = new Set<string>()
  return list.flatMap((given, i): readonly FieldError[] => {
    const { type = '' } = given
    const isRepeated = seen.has(type)
    seen.add(type)
    return collect(
      isRepeated && [duplicateValue(`${path}[${i}].type`, type)],
      condition(given, `${path}[${i}]`),
    )
  })
}
