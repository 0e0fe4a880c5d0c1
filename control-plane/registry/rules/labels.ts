import { type FieldError, forbiddenField, invalidValue, required, tooLong } from '../../../api/meta/status.ts'
import { isDns1123Subdomain, isQualifiedName, isValidLabelValue } from '../../../api/meta/validation.ts'
import { collect, each, FINE, fields, type Rule, text } from './check.ts'

/** A label key. */
export const labelKey: Rule<string> = text(isQualifiedName)

/** Keys and values of a map of labels. */
export const labels: Rule<Record<string, string>> = (map, path) => {
  let faults = FINE
  for (const [key, value] of Object.entries(map)) {
    const [ofKey, ofValue] = [isQualifiedName(key), isValidLabelValue(value)]
    if (ofKey.length + ofValue.length === 0) continue
    faults = [
      ...faults,
      ...ofKey.map(fault => invalidValue(path, key, fault)),
      ...ofValue.map(fault => invalidValue(path, value, fault)),
    ]
  }
  return faults
}

const MOST_ANNOTATIONS = 256 * 1024

/** Keys of annotations, in any case, and their size. */
export const annotations: Rule<Record<string, string>> = (map, path) => {
  let faults = FINE
  let size = 0
  for (const [key, value] of Object.entries(map)) {
    const wrong = isQualifiedName(key.toLowerCase())
    if (wrong.length > 0) faults = [...faults, ...wrong.map(fault => invalidValue(path, key, fault))]
    size += Buffer.byteLength(key) + Buffer.byteLength(value)
  }
  return size > MOST_ANNOTATIONS ? [...faults, tooLong(path, '', MOST_ANNOTATIONS)] : faults
}

interface Requirement {
  key?: string
  operator?: string
  values?: string[]
}

const labelValues = each(text(isValidLabelValue))

/** One `matchExpressions` of a label selector. */
const labelRequirement: Rule<Requirement> = ({ key = '', operator = '', values = [] }, path) =>
  collect(
    operatorFaults(operator, values, path),
    labelKey(key, `${path}.key`),
    labelValues(values, `${path}.values`),
  )

function operatorFaults(operator: string, values: string[], path: string): readonly FieldError[] {
  switch (operator) {
    case 'In':
    case 'NotIn':
      return values.length > 0
        ? FINE
        : [required(`${path}.values`, "must be specified when `operator` is 'In' or 'NotIn'")]
    case 'Exists':
    case 'DoesNotExist':
      return values.length === 0
        ? FINE
        : [
            forbiddenField(
              `${path}.values`,
              "may not be specified when `operator` is 'Exists' or 'DoesNotExist'",
            ),
          ]
    default:
      return [invalidValue(`${path}.operator`, operator, 'not a valid selector operator')]
  }
}

/** A meta/v1 LabelSelector. */
export const labelSelector: Rule = fields({ matchLabels: labels, matchExpressions: each(labelRequirement) })

const nodeRequirement =
  (checksValues: boolean): Rule<Requirement> =>
  ({ key = '', operator = '', values = [] }, path) => {
    const isBound = operator === 'Gt' || operator === 'Lt'
    const bound: readonly FieldError[] =
      values.length === 1
        ? FINE
        : [required(`${path}.values`, "must be specified single value when `operator` is 'Lt' or 'Gt'")]
    return collect(
      isBound ? bound : operatorFaults(operator, values, path),
      labelKey(key, `${path}.key`),
      checksValues && labelValues(values, `${path}.values`),
    )
  }

const nodeNames = each(text(isDns1123Subdomain))

const fieldRequirement: Rule<Requirement> = ({ key = '', operator = '', values = [] }, path) => {
  const faults: FieldError[] = []
  if (operator !== 'In' && operator !== 'NotIn') {
    faults.push(invalidValue(`${path}.operator`, operator, 'not a valid selector operator'))
  } else if (values.length !== 1) {
    const detail = "must be only one value when `operator` is 'In' or 'NotIn' for node field selector"
    faults.push(required(`${path}.values`, detail))
  }
  if (key !== 'metadata.name') {
    faults.push(invalidValue(`${path}.key`, key, 'not a valid field selector key'))
    return faults
  }
  return [...faults, ...nodeNames(values, `${path}.values`)]
}

/** A term of node affinity; preferred ones may hold values that no label can have. */
export const nodeSelectorTerm = (checksValues: boolean): Rule =>
  fields({ matchExpressions: each(nodeRequirement(checksValues)), matchFields: each(fieldRequirement) })

const requiredTerms = each(nodeSelectorTerm(true))

/** A core/v1 NodeSelector. */
export const nodeSelector: Rule = ({ nodeSelectorTerms = [] }, path) => {
  const at = `${path}.nodeSelectorTerms`
  return nodeSelectorTerms.length === 0
    ? [required(at, 'must have at least one node selector term')]
    : requiredTerms(nodeSelectorTerms, at)
}
