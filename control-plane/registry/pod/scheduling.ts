import {
  type FieldError,
  forbiddenField,
  invalidValue,
  notSupported,
  required as requiredError,
} from '../../../api/meta/status.ts'
import { isValidLabelValue } from '../../../api/meta/validation.ts'
import { all, collect, each, FINE, fields, must, oneOf, type Rule, required } from '../rules/check.ts'
import { labelKey, labelSelector, nodeSelector, nodeSelectorTerm } from '../rules/labels.ts'
import { label } from '../rules/values.ts'

const weight: Rule = ({ weight }, path) =>
  weight >= 1 && weight <= 100
    ? FINE
    : [invalidValue(`${path}.weight`, weight ?? 0, 'must be in the range 1-100')]

const preferredTerm = nodeSelectorTerm(false)

const nodeAffinity = fields({
  requiredDuringSchedulingIgnoredDuringExecution: nodeSelector,
  preferredDuringSchedulingIgnoredDuringExecution: each(
    all(weight, (term: any, path) => preferredTerm(term.preference ?? {}, `${path}.preference`)),
  ),
})

interface Selector {
  matchLabels?: Record<string, string>
  matchExpressions?: { key: string }[]
}

/** Keys whose values are taken from the Pod itself: only beside a selector, and not in it as well. */
function labelKeyFaults(term: any, path: string): readonly FieldError[] {
  const { matchLabelKeys = [], mismatchLabelKeys = [], labelSelector: selector } = term
  const keys = (list: string[], field: string): readonly FieldError[] => {
    if (list.length === 0) return FINE
    if (!selector) return [forbiddenField(`${path}.${field}`, NO_SELECTOR)]
    return each(labelKey)(list, `${path}.${field}`)
  }
  return collect(
    keys(matchLabelKeys, 'matchLabelKeys'),
    keys(mismatchLabelKeys, 'mismatchLabelKeys'),
    selector && repeatedKeys(matchLabelKeys, selector, path),
    matchLabelKeys.flatMap((key: string, i: number) =>
      mismatchLabelKeys.includes(key)
        ? [
            invalidValue(
              `${path}.matchLabelKeys[${i}]`,
              key,
              'exists in both matchLabelKeys and mismatchLabelKeys',
            ),
          ]
        : [],
    ),
  )
}

/** A key that the selector had before it was taken from the Pod. Said of the term, as upstream does. */
function repeatedKeys(keys: string[], { matchLabels, matchExpressions = [] }: Selector, path: string) {
  if (keys.length === 0) return FINE
  const seen = new Set(Object.keys(matchLabels ?? {}))
  return matchExpressions.flatMap(({ key }) => {
    const i = keys.lastIndexOf(key)
    const isRepeated = i >= 0 && seen.has(key)
    seen.add(key)
    const detail = 'exists in both matchLabelKeys and labelSelector'
    return isRepeated ? [invalidValue(`${path}[${i}]`, key, detail)] : []
  })
}

const NO_SELECTOR = 'must not be specified when labelSelector is not set'

const podTerm: Rule = (term, path) =>
  collect(
    fields({ labelSelector, namespaceSelector: labelSelector })(term, path),
    ...(term.namespaces ?? []).map((name: string) => label(name, `${path}.namespace`)),
    labelKeyFaults(term, path),
    !term.topologyKey && [requiredError(`${path}.topologyKey`, 'can not be empty')],
    labelKey(term.topologyKey ?? '', `${path}.topologyKey`),
  )

const podAffinity = fields({
  requiredDuringSchedulingIgnoredDuringExecution: each(podTerm),
  preferredDuringSchedulingIgnoredDuringExecution: each(
    all(weight, (term: any, path) => podTerm(term.podAffinityTerm ?? {}, `${path}.podAffinityTerm`)),
  ),
})

/** A core/v1 Affinity. */
export const affinity: Rule = fields({ nodeAffinity, podAffinity, podAntiAffinity: podAffinity })

const EFFECTS = ['NoSchedule', 'PreferNoSchedule', 'NoExecute']

/** The effect of a taint. */
export const taintEffect: Rule<string> = oneOf(...EFFECTS)

const toleration: Rule = (given, path) => {
  const { key, operator, value = '', effect, tolerationSeconds } = given
  const at = `${path}.operator`
  const wholeKey = 'operator must be Exists when `key` is empty, which means "match all values and all keys"'
  return collect(
    key && labelKey(key, `${path}.key`),
    !key && operator !== 'Exists' && [invalidValue(at, operator ?? '', wholeKey)],
    tolerationSeconds !== undefined &&
      effect !== 'NoExecute' && [
        invalidValue(
          `${path}.effect`,
          effect ?? '',
          "effect must be 'NoExecute' when `tolerationSeconds` is set",
        ),
      ],
    tolerationOperator(operator, value, at),
    effect && taintEffect(effect, `${path}.effect`),
  )
}

function tolerationOperator(operator: string | undefined, value: string, at: string): readonly FieldError[] {
  if (!operator || operator === 'Equal') {
    const faults = isValidLabelValue(value)
    return faults.length > 0 ? [invalidValue(at, value, faults.join(';'))] : FINE
  }
  if (operator !== 'Exists') return [notSupported(at, operator, ['Equal', 'Exists'])]
  return value ? [invalidValue(at, value, "value must be empty when `operator` is 'Exists'")] : FINE
}

/** Tolerations of a Pod or RuntimeClass. */
export const tolerations: Rule = each(toleration)

const maxSkew = must<number>(skew => skew > 0, 'must be greater than zero')
const policy = oneOf('Honor', 'Ignore')

function minDomainsFaults({ minDomains, whenUnsatisfiable }: any, path: string): readonly FieldError[] {
  if (minDomains === undefined) return FINE
  const detail = `can only use minDomains if whenUnsatisfiable=DoNotSchedule, not ${whenUnsatisfiable}`
  return collect(
    minDomains <= 0 && [invalidValue(path, minDomains, 'must be greater than zero')],
    whenUnsatisfiable !== 'DoNotSchedule' && [invalidValue(path, minDomains, detail)],
  )
}

/** How Pods are spread over the parts of a cluster. */
export const topologySpread: Rule = (constraints: any[], path) =>
  collect(
    ...constraints.map((constraint, i) => {
      const at = `${path}[${i}]`
      const { topologyKey, whenUnsatisfiable } = constraint
      const isRepeated = constraints
        .slice(i + 1)
        .some(other => other.topologyKey === topologyKey && other.whenUnsatisfiable === whenUnsatisfiable)
      return collect(
        maxSkew(constraint.maxSkew ?? 0, `${at}.maxSkew`),
        required(undefined, 'can not be empty')(topologyKey, `${at}.topologyKey`),
        oneOf('DoNotSchedule', 'ScheduleAnyway')(whenUnsatisfiable ?? '', `${at}.whenUnsatisfiable`),
        isRepeated && [
          {
            type: 'FieldValueDuplicate',
            field: `${at}.{topologyKey, whenUnsatisfiable}`,
            badValue: `{${topologyKey}, ${whenUnsatisfiable}}`,
            detail: '',
          },
        ],
        minDomainsFaults(constraint, `${at}.minDomains`),
        fields({ nodeAffinityPolicy: policy, nodeTaintsPolicy: policy })(constraint, at),
        labelKeyFaults(constraint, at),
        constraint.labelSelector && labelSelector(constraint.labelSelector, `${at}.labelSelector`),
      )
    }),
  )
