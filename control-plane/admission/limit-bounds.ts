import type { PersistentVolumeClaim, Pod } from '../../api/kinds/types.ts'
import { formatQuantity, parseQuantity } from '../../api/meta/quantity.ts'
import { wholeAmounts } from '../quota/pod-resources.ts'

export type Amounts = Record<string, string>
export type Requirements = { requests?: Amounts; limits?: Amounts }

/** One limit of a LimitRange. */
export interface Limit {
  type: string
  default?: Amounts
  defaultRequest?: Amounts
  min?: Amounts
  max?: Amounts
  maxLimitRequestRatio?: Amounts
}

/** Containers that run, and those that run before. */
export const containersOf = ({ spec }: Pod) => [spec.containers ?? [], spec.initContainers ?? []]

/** How a Pod goes beyond a limit. */
export function podFaults(pod: Pod, limit: Limit): string[] {
  if (limit.type === 'Container') {
    return containersOf(pod)
      .flat()
      .flatMap(({ resources }) => boundFaults(limit, (resources ?? {}) as Requirements))
  }
  return limit.type === 'Pod' ? boundFaults(limit, wholePod(pod)) : []
}

/** What a Pod needs as a whole, without what it costs by itself. */
function wholePod(pod: Pod): Requirements {
  const total = (side: 'requests' | 'limits'): Amounts => {
    const amounts = Object.entries(wholeAmounts(pod, side))
    return Object.fromEntries(amounts.map(([name, amount]) => [name, formatQuantity(amount)]))
  }
  return { requests: total('requests'), limits: total('limits') }
}

/** A claim has no limits, only what it asks for. */
export function claimFaults({ spec }: PersistentVolumeClaim, limit: Limit): string[] {
  if (limit.type !== 'PersistentVolumeClaim') return []
  const { requests = {} } = spec.resources ?? {}
  return [
    ...eachAmount(limit.min, (name, bound) => leastFault(limit.type, name, bound, { requests })),
    ...eachAmount(limit.max, (name, bound) => {
      const start = `maximum ${name} usage per ${limit.type} is ${show(bound)}`
      const request = requests[name]
      if (request === undefined) return `${start}.  No request is specified`
      return above(request, bound) ? `${start}, but request is ${show(request)}` : undefined
    }),
  ]
}

function boundFaults(limit: Limit, resources: Requirements): string[] {
  return [
    ...eachAmount(limit.min, (name, bound) => leastFault(limit.type, name, bound, resources)),
    ...eachAmount(limit.max, (name, bound) => mostFault(limit.type, name, bound, resources)),
    ...eachAmount(limit.maxLimitRequestRatio, (name, bound) =>
      ratioFault(limit.type, name, bound, resources),
    ),
  ]
}

function eachAmount(
  amounts: Amounts = {},
  check: (name: string, bound: string) => string | undefined,
): string[] {
  return Object.keys(amounts)
    .sort()
    .flatMap(name => check(name, amounts[name]!) ?? [])
}

const show = (amount: string): string => formatQuantity(parseQuantity(amount))
const above = (a: string, b: string): boolean => parseQuantity(a).nano > parseQuantity(b).nano

function leastFault(type: string, name: string, bound: string, { requests = {}, limits = {} }: Requirements) {
  const start = `minimum ${name} usage per ${type} is ${show(bound)}`
  const [request, limit] = [requests[name], limits[name]]
  if (request === undefined) return `${start}.  No request is specified`
  if (above(bound, request)) return `${start}, but request is ${show(request)}`
  if (limit !== undefined && above(bound, limit)) return `${start}, but limit is ${show(limit)}`
  return undefined
}

function mostFault(type: string, name: string, bound: string, { requests = {}, limits = {} }: Requirements) {
  const start = `maximum ${name} usage per ${type} is ${show(bound)}`
  const [request, limit] = [requests[name], limits[name]]
  if (limit === undefined) return `${start}.  No limit is specified`
  if (above(limit, bound)) return `${start}, but limit is ${show(limit)}`
  if (request !== undefined && above(request, bound)) return `${start}, but request is ${show(request)}`
  return undefined
}

function ratioFault(type: string, name: string, bound: string, { requests = {}, limits = {} }: Requirements) {
  const start = `${name} max limit to request ratio per ${type} is ${show(bound)}, but`
  const amount = (given: string | undefined): number => Number(parseQuantity(given ?? '0').nano) / 1e9
  const [request, limit] = [amount(requests[name]), amount(limits[name])]
  if (request === 0) return `${start} no request is specified or request is 0`
  if (limit === 0) return `${start} no limit is specified or limit is 0`
  const ratio = limit / request
  return ratio > amount(bound) ? `${start} provided ratio is ${ratio.toFixed(6)}` : undefined
}
