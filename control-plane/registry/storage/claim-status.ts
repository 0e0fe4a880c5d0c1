import { parseQuantity, quantityMilli } from '../../../api/meta/quantity.ts'
import { type FieldError, invalidValue, notSupported } from '../../../api/meta/status.ts'
import { collect, FINE, type Rule } from '../rules/check.ts'
import { isNative } from '../rules/resources.ts'
import { qualifiedName } from '../rules/values.ts'

const RESIZES = [
  'ControllerResizeInProgress',
  'ControllerResizeInfeasible',
  'NodeResizeInProgress',
  'NodeResizeInfeasible',
  'NodeResizePending',
]

/** Of what Kubernetes names itself, a claim has storage alone. */
const resourceKey: Rule<string> = (name, path) => {
  const faults = qualifiedName(name, path)
  if (faults.length > 0 || name === 'storage' || !isNative(name)) return faults
  return [notSupported(path, name, ['storage'])]
}

const amount: Rule<string> = (value, path) => {
  const whole = Number(quantityMilli(parseQuantity(value))) / 1_000
  return whole < 0 ? [invalidValue(path, Math.ceil(whole), 'must be a valid resource quantity')] : FINE
}

/** What a claim has got, and how far it is with getting more. */
export function claimStatusFaults({ status = {} }: any): readonly FieldError[] {
  const { capacity = {}, allocatedResourceStatuses: states = {}, allocatedResources = {} } = status
  const [ofStates, ofAmounts] = ['status.allocatedResourceStatuses', 'status.allocatedResources']
  return collect(
    ...Object.entries<string>(capacity).map(([name, value]) => amount(value, `status.capacity[${name}]`)),
    ...Object.entries<string>(states).map(([name, state]) =>
      collect(
        resourceKey(name, ofStates),
        !RESIZES.includes(state) && [notSupported(ofStates, name, RESIZES)],
      ),
    ),
    ...Object.entries<string>(allocatedResources).map(([name, value]) => {
      const faults = resourceKey(name, ofAmounts)
      return faults.length > 0 ? faults : amount(value, `${ofAmounts}[${name}]`)
    }),
  )
}
