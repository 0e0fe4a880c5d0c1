import { compareQuantity, parseQuantity } from '../../../api/meta/quantity.ts'
import {
  duplicateValue,
  type FieldError,
  forbiddenField,
  invalidValue,
  required as requiredError,
} from '../../../api/meta/status.ts'
import { isQualifiedName } from '../../../api/meta/validation.ts'
import { collect, FINE } from '../rules/check.ts'
import {
  type Amounts,
  containerResourceName,
  isExtended,
  isHugePages,
  resourceName,
} from '../rules/resources.ts'

const TYPES = ['Pod', 'Container', 'PersistentVolumeClaim']
const LISTS = ['max', 'min', 'default', 'defaultRequest', 'maxLimitRequestRatio'] as const

type Item = { type?: string } & { [list in (typeof LISTS)[number]]?: Amounts }

/** All that is wrong with a LimitRange. */
export function limitRangeFaults({ spec }: { spec: { limits?: Item[] } }): readonly FieldError[] {
  const seen = new Set<string>()
  return (spec.limits ?? []).flatMap((item, i) => {
    const at = `spec.limits[${i}]`
    const type = item.type ?? ''
    const isRepeated = seen.has(type)
    seen.add(type)
    return collect(
      typeFaults(type, `${at}.type`),
      isRepeated && [duplicateValue(`${at}.type`, type)],
      nameFaults(item, at),
      type === 'PersistentVolumeClaim' && storageFaults(item, at),
      ...keysOf(item).map(key => boundFaults(item, key, at)),
    )
  })
}

function typeFaults(type: string, path: string): readonly FieldError[] {
  const faults = isQualifiedName(type).map(fault => invalidValue(path, type, fault))
  if (faults.length > 0 || type.includes('/') || TYPES.includes(type)) return faults
  return [invalidValue(path, type, 'must be a standard limit type or fully qualified')]
}

function nameFaults(item: Item, at: string): readonly FieldError[] {
  const isPod = item.type === 'Pod'
  const rule = isPod || item.type === 'Container' ? containerResourceName : resourceName
  return collect(
    ...LISTS.map(list => {
      const amounts = item[list] ?? {}
      if (isPod && list.startsWith('default')) {
        const isSet = Object.keys(amounts).length > 0
        return isSet ? [forbiddenField(`${at}.${list}`, "may not be specified when `type` is 'Pod'")] : FINE
      }
      return Object.keys(amounts).flatMap(name => [...rule(name, `${at}.${list}[${name}]`)])
    }),
  )
}

function storageFaults({ min = {}, max = {} }: Item, at: string): readonly FieldError[] {
  const detail = 'either minimum or maximum storage value is required, but neither was provided'
  return min.storage === undefined && max.storage === undefined
    ? [requiredError(`${at}.limits`, detail)]
    : FINE
}

const keysOf = (item: Item): string[] => [
  ...new Set(LISTS.flatMap(list => (isLeftOut(item, list) ? [] : Object.keys(item[list] ?? {})))),
]

const isLeftOut = ({ type }: Item, list: string): boolean => type === 'Pod' && list.startsWith('default')

/** The pairs of amounts of which the first may not be above the second. */
const PAIRS: [
  low: keyof Item,
  high: keyof Item,
  shown: keyof Item,
  badValue: 'low' | 'high',
  words: [string, string],
][] = [
  ['min', 'max', 'min', 'low', ['min', 'max']],
  ['min', 'defaultRequest', 'defaultRequest', 'high', ['min', 'default request']],
  ['defaultRequest', 'max', 'defaultRequest', 'low', ['default request', 'max']],
  ['defaultRequest', 'default', 'defaultRequest', 'low', ['default request', 'default limit']],
  ['min', 'default', 'default', 'low', ['min', 'default']],
  ['default', 'max', 'default', 'high', ['default', 'max']],
]

function boundFaults(item: Item, key: string, at: string): readonly FieldError[] {
  const amountOf = (list: keyof Item): string | undefined =>
    isLeftOut(item, list) ? undefined : (item[list] as Amounts | undefined)?.[key]
  const order = PAIRS.flatMap(([low, high, shown, badValue, [lowName, highName]]) => {
    const [a, b] = [amountOf(low), amountOf(high)]
    if (a === undefined || b === undefined || compareQuantity(a, b) <= 0) return []
    const detail = `${lowName} value ${a} is greater than ${highName} value ${b}`
    return [invalidValue(`${at}.${shown}[${key}]`, badValue === 'low' ? a : b, detail)]
  })
  const [limit, request] = [amountOf('default'), amountOf('defaultRequest')]
  const isFixed = isHugePages(key) || isExtended(key)
  const differs = isFixed && limit && request && compareQuantity(limit, request) !== 0
  const must = `default value ${limit} must equal to defaultRequest value ${request} in ${key}`
  return collect(
    order,
    ratioFaults(
      amountOf('maxLimitRequestRatio'),
      amountOf('min'),
      amountOf('max'),
      `${at}.maxLimitRequestRatio[${key}]`,
    ),
    differs && [invalidValue(`${at}.defaultRequest[${key}]`, request, must)],
  )
}

function ratioFaults(
  ratio: string | undefined,
  min: string | undefined,
  max: string | undefined,
  path: string,
): readonly FieldError[] {
  if (ratio === undefined) return FINE
  const number = (amount: string): number => Number(parseQuantity(amount).nano) / 1e9
  const faults =
    compareQuantity(ratio, '1') < 0 ? [invalidValue(path, ratio, `ratio ${ratio} is less than 1`)] : []
  if (min === undefined || max === undefined || number(min) === 0) return faults
  const most = number(max) / number(min)
  if (number(ratio) <= most) return faults
  return [...faults, invalidValue(path, ratio, `ratio ${ratio} is greater than max/min = ${most.toFixed(6)}`)]
}
