import { type FieldError, invalidValue } from '../../../api/meta/status.ts'
import { all, collect, fields, nonNegative, oneOf } from '../rules/check.ts'
import { conditions } from '../rules/conditions.ts'
import { labelSelector } from '../rules/labels.ts'
import { countOrPercent, noMoreThanAll } from '../rules/values.ts'

const share = all(countOrPercent, noMoreThanAll)

const rules = fields({ minAvailable: share, maxUnavailable: share })
const last = fields({
  selector: labelSelector,
  unhealthyPodEvictionPolicy: oneOf('AlwaysAllow', 'IfHealthyBudget'),
})
const counts = fields({
  disruptionsAllowed: nonNegative,
  currentHealthy: nonNegative,
  desiredHealthy: nonNegative,
  expectedPods: nonNegative,
})

/** All that is wrong with a PodDisruptionBudget. */
export function disruptionBudgetFaults(
  { spec, status = {} }: any,
  subresource: string,
): readonly FieldError[] {
  if (subresource === 'status') {
    return collect(conditions(status.conditions ?? [], 'status.conditions'), counts(status, 'status'))
  }
  const isBoth = spec.minAvailable !== undefined && spec.maxUnavailable !== undefined
  const shown = {
    MinAvailable: spec.minAvailable ?? null,
    Selector: spec.selector ?? null,
    MaxUnavailable: spec.maxUnavailable ?? null,
    UnhealthyPodEvictionPolicy: spec.unhealthyPodEvictionPolicy ?? null,
  }
  return collect(
    isBoth && [invalidValue('spec', shown, 'minAvailable and maxUnavailable cannot be both set')],
    rules(spec, 'spec'),
    last(spec, 'spec'),
  )
}
