import { type FieldError, forbiddenField, invalidValue } from '../../../api/meta/status.ts'
import { isValidLabelValue } from '../../../api/meta/validation.ts'
import { taintEffect } from '../pod/scheduling.ts'
import { cidr, parseCidr } from '../rules/addresses.ts'
import { collect, FINE, required } from '../rules/check.ts'
import { labelKey } from '../rules/labels.ts'
import { type Amounts, resourceAmount } from '../rules/resources.ts'

const effect = required(taintEffect)

/** Taints differ by key and effect. */
function taintFaults(taints: any[], path: string): readonly FieldError[] {
  const seen = new Set<string>()
  return taints.flatMap((taint, i) => {
    const at = `${path}[${i}]`
    const { key = '', value = '', effect: own = '' } = taint
    const wrong = isValidLabelValue(value)
    const name = `${own}/${key}`
    const isRepeated = seen.has(name)
    seen.add(name)
    return collect(
      labelKey(key, `${at}.key`),
      wrong.length > 0 && [invalidValue(`${at}.value`, value, wrong.join(';'))],
      effect(own, `${at}.effect`),
      isRepeated && [
        {
          type: 'FieldValueDuplicate',
          field: at,
          badValue: { Key: key, Value: value, Effect: own, TimeAdded: taint.timeAdded ?? null },
          detail: 'taints must be unique by key and effect pair',
        },
      ],
    )
  })
}

function amountFaults(amounts: Amounts = {}, path: string): readonly FieldError[] {
  return collect(
    ...Object.entries(amounts).map(([name, amount]) => resourceAmount(name, amount, `${path}.${name}`)),
  )
}

function rangeFaults(ranges: string[]): readonly FieldError[] {
  const families = new Set(ranges.map(range => parseCidr(range)?.family))
  const detail = 'may specify no more than one CIDR for each IP family'
  return collect(
    ...ranges.map((range, i) => cidr(range, `spec.podCIDRs[${i}]`)),
    ranges.length > 1 &&
      (families.size < 2 || ranges.length > 2) && [invalidValue('spec.podCIDRs', ranges, detail)],
  )
}

/** All that is wrong with a Node, and what an update of one may not change. */
export function nodeFaults(node: any, old: any): readonly FieldError[] {
  const { spec, status = {} } = node
  return collect(
    taintFaults(spec.taints ?? [], 'metadata.taints'),
    amountFaults(status.capacity, 'status.capacity'),
    amountFaults(status.allocatable, 'status.allocatable'),
    old ? changeFaults(node, old) : rangeFaults(spec.podCIDRs ?? []),
  )
}

function changeFaults({ spec, status = {} }: any, { spec: old }: any): readonly FieldError[] {
  const ranges = (value: any): string => JSON.stringify(value.podCIDRs ?? [])
  const once = (what: string): string => `node updates may not change ${what} except from "" to valid`
  return collect(
    repeatedAddresses(status.addresses ?? []),
    (old.podCIDRs ?? []).length > 0 &&
      ranges(spec) !== ranges(old) && [forbiddenField('spec.podCIDRs', once('podCIDR'))],
    spec.externalID !== old.externalID && [forbiddenField('spec.externalID', 'may not be updated')],
    old.providerID &&
      spec.providerID !== old.providerID && [forbiddenField('spec.providerID', once('providerID'))],
  )
}

function repeatedAddresses(addresses: { type: string; address: string }[]): readonly FieldError[] {
  const seen = new Set<string>()
  return addresses.flatMap(({ type, address }, i) => {
    const key = `${type} ${address}`
    if (!seen.has(key)) {
      seen.add(key)
      return FINE
    }
    const badValue = { Type: type, Address: address }
    return [{ type: 'FieldValueDuplicate' as const, field: `status.addresses[${i}]`, badValue, detail: '' }]
  })
}
