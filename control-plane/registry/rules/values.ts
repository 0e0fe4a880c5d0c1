import { invalidValue } from '../../../api/meta/status.ts'
import {
  isDns1123Label,
  isDns1123Subdomain,
  isPathSegmentName,
  isPercent,
  isQualifiedName,
  isUnixId,
  isValidPortName,
  isValidPortNumber,
} from '../../../api/meta/validation.ts'
import { FINE, nonNegative, type Rule, text } from './check.ts'

/** Names and numbers that stand in many kinds. */
export const label = text(isDns1123Label)
export const subdomain = text(isDns1123Subdomain)
export const qualifiedName = text(isQualifiedName)
export const pathSegment = text(isPathSegmentName)
export const unixId = text(isUnixId)
export const portNumber = text(isValidPortNumber)

/** The number or the name of a port. */
export const portNumberOrName: Rule<number | string> = (value, path) =>
  typeof value === 'string'
    ? isValidPortName(value).map(fault => invalidValue(path, value, fault))
    : isValidPortNumber(value).map(fault => invalidValue(path, value, fault))

/** A count, or a share of one. */
export const countOrPercent: Rule<number | string> = (value, path) =>
  typeof value === 'number'
    ? nonNegative(value, path)
    : isPercent(value).map(fault => invalidValue(path, value, fault))

export const noMoreThanAll: Rule<number | string> = (value, path) => {
  const isMore =
    typeof value === 'string' && isPercent(value).length === 0 && Number.parseInt(value, 10) > 100
  return isMore ? [invalidValue(path, value, 'must not be greater than 100%')] : FINE
}

/** The number in `5` and `25%`; a text that is neither counts as 0. */
export const amount = (value: number | string | undefined): number =>
  typeof value === 'number' ? value : Number.parseInt(value ?? '0', 10) || 0

const BACKSTEP = "must not contain '..'"

/** No `..` on the way. */
export const noBacksteps: Rule<string> = (value, path) =>
  value.split('/').includes('..') ? [invalidValue(path, value, BACKSTEP)] : FINE

/** A path that leads down from where it is. */
export const descendingPath: Rule<string> = (value, path) => [
  ...(value.startsWith('/') ? [invalidValue(path, value, 'must be a relative path')] : FINE),
  ...noBacksteps(value, path),
]

/** A relative path whose first part does not start with two dots, as those are the kubelet's own. */
export const ownPath: Rule<string> = (value, path) => {
  const isReserved = value.startsWith('..') && !value.startsWith('../')
  const faults = descendingPath(value, path)
  if (!isReserved) return faults
  return [...faults, invalidValue(path, value, "must not start with '..'")]
}

const MOST_MODE = 0o777

/** The mode of a file. */
export const fileMode: Rule<number> = (value, path) =>
  value >= 0 && value <= MOST_MODE
    ? FINE
    : [invalidValue(path, value, 'must be a number between 0 and 0777 (octal), both inclusive')]
