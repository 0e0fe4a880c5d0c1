import {
  duplicateValue,
  type FieldError,
  forbiddenField,
  invalidValue,
  notSupported,
  OMITTED,
  required,
  tooMany,
} from '../../../api/meta/status.ts'
import { collect, FINE } from '../rules/check.ts'
import { qualifiedName } from '../rules/values.ts'

const MOST_RULES = 20
const MOST_CODES = 255
const MOST_CONDITIONS = 20
const ACTIONS = ['Count', 'FailIndex', 'FailJob', 'Ignore']
const OPERATORS = ['In', 'NotIn']
const STATUSES = ['False', 'True', 'Unknown']

/** What a Job makes of Pods that failed. */
export function failurePolicyFaults(spec: any, path: string): readonly FieldError[] {
  const rules: any[] = spec.podFailurePolicy.rules ?? []
  const at = `${path}.rules`
  if (rules.length > MOST_RULES) return [tooMany(at, rules.length, MOST_RULES)]
  const { containers = [], initContainers = [] } = spec.template?.spec ?? {}
  const names = new Set([...containers, ...initContainers].map(({ name }) => name))
  return rules.flatMap((rule, i) => {
    const place = `${at}[${i}]`
    const { action, onExitCodes, onPodConditions = [] } = rule
    const both = 'specifying both OnExitCodes and OnPodConditions is not supported'
    const none = 'specifying one of OnExitCodes and OnPodConditions is required'
    return collect(
      actionFaults(action, spec, `${place}.action`),
      onExitCodes && exitCodeFaults(onExitCodes, names, `${place}.onExitCodes`),
      conditionFaults(onPodConditions, `${place}.onPodConditions`),
      onExitCodes && onPodConditions.length > 0 && [invalidValue(place, OMITTED, both)],
      !onExitCodes && onPodConditions.length === 0 && [invalidValue(place, OMITTED, none)],
    )
  })
}

function actionFaults(action: string | undefined, spec: any, path: string): readonly FieldError[] {
  if (!action)
    return [required(path, `valid values: ${ACTIONS.map(value => JSON.stringify(value)).join(', ')}`)]
  if (action === 'FailIndex' && spec.backoffLimitPerIndex === undefined) {
    return [invalidValue(path, action, 'requires the backoffLimitPerIndex to be set')]
  }
  return ACTIONS.includes(action) ? FINE : [notSupported(path, action, ACTIONS)]
}

function exitCodeFaults(
  { containerName, operator, values = [] }: any,
  names: ReadonlySet<string>,
  path: string,
): readonly FieldError[] {
  const at = `${path}.values`
  return collect(
    operator
      ? !OPERATORS.includes(operator) && [notSupported(`${path}.operator`, operator, OPERATORS)]
      : [required(`${path}.operator`, 'valid values: "In", "NotIn"')],
    containerName !== undefined &&
      !names.has(containerName) && [
        invalidValue(
          `${path}.containerName`,
          containerName,
          'must be one of the container or initContainer names in the pod template',
        ),
      ],
    values.length === 0 && [invalidValue(at, values, 'at least one value is required')],
    values.length > MOST_CODES && [tooMany(at, values.length, MOST_CODES)],
    orderFaults(values, operator, at),
  )
}

function orderFaults(values: number[], operator: string, at: string): readonly FieldError[] {
  const isOrdered = values.every((value, i) => i === 0 || values[i - 1]! <= value)
  return collect(
    ...values.map((value, i) =>
      collect(
        operator === 'In' &&
          value === 0 && [invalidValue(`${at}[${i}]`, value, 'must not be 0 for the In operator')],
        values.indexOf(value) < i && [duplicateValue(`${at}[${i}]`, value)],
      ),
    ),
    !isOrdered && [invalidValue(at, values, 'must be ordered')],
  )
}

function conditionFaults(conditions: any[], path: string): readonly FieldError[] {
  if (conditions.length > MOST_CONDITIONS) return [tooMany(path, conditions.length, MOST_CONDITIONS)]
  return conditions.flatMap(({ type, status }, i) =>
    collect(
      qualifiedName(type ?? '', `${path}[${i}].type`),
      status
        ? !STATUSES.includes(status) && [notSupported(`${path}[${i}].status`, status, STATUSES)]
        : [required(`${path}[${i}].status`, 'valid values: "False", "True", "Unknown"')],
    ),
  )
}

/** When a Job of indexes counts as done before all of them are. */
export function successPolicyFaults(spec: any, path: string): readonly FieldError[] {
  if (spec.completionMode !== 'Indexed') {
    return [forbiddenField(path, 'requires indexed completion mode')]
  }
  const rules: any[] = spec.successPolicy.rules ?? []
  const at = `${path}.rules`
  if (rules.length === 0)
    return [required(at, 'at least one rules must be specified when the successPolicy is specified')]
  if (rules.length > MOST_RULES) return [tooMany(at, rules.length, MOST_RULES)]
  return rules.flatMap(({ succeededCount, succeededIndexes }, i) => {
    const place = `${at}[${i}]`
    if (succeededCount === undefined && succeededIndexes === undefined) {
      return [required(place, 'at least one of succeededCount or succeededIndexes must be specified')]
    }
    return collect(
      succeededCount < 0 && [
        invalidValue(`${place}.succeededCount`, succeededCount, 'must be greater than or equal to 0'),
      ],
      succeededCount > (spec.completions ?? 0) && [
        invalidValue(
          `${place}.succeededCount`,
          succeededCount,
          `must be less than or equal to ${spec.completions} (the number of specified completions)`,
        ),
      ],
    )
  })
}
