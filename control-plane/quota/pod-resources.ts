import type { Container, Pod } from '../../api/kinds/types.ts'
import { addQuantity, compareQuantity, parseQuantity, type Quantity } from '../../api/meta/quantity.ts'

/** Amounts by the name of the resource. */
export type Amounts = Record<string, Quantity>

export function addAmounts(a: Amounts, b: Amounts): Amounts {
  const sum = { ...a }
  for (const [name, amount] of Object.entries(b))
    sum[name] = sum[name] ? addQuantity(sum[name], amount) : amount
  return sum
}

function largest(a: Amounts, b: Amounts): Amounts {
  const most = { ...a }
  for (const [name, amount] of Object.entries(b)) {
    if (!most[name] || compareQuantity(amount, most[name]) > 0) most[name] = amount
  }
  return most
}

type Side = 'requests' | 'limits'

const read = (list: Record<string, unknown> | undefined): Amounts =>
  Object.fromEntries(Object.entries(list ?? {}).map(([name, value]) => [name, parseQuantity(String(value))]))

/** What a Pod's containers request, or may use at most: all together, or the hungriest init container if that is more. */
export function containerAmounts(spec: Pod['spec'], side: Side): Amounts {
  const of = ({ resources }: Container): Amounts => read(resources?.[side] as Record<string, unknown>)
  let sidecars: Amounts = {}
  let peak: Amounts = {}
  for (const init of spec.initContainers ?? []) {
    const isSidecar = (init as { restartPolicy?: string }).restartPolicy === 'Always'
    if (isSidecar) sidecars = addAmounts(sidecars, of(init))
    peak = largest(peak, isSidecar ? sidecars : addAmounts(sidecars, of(init)))
  }
  const running = (spec.containers ?? []).map(of).reduce(addAmounts, sidecars)
  return largest(running, peak)
}

const isWhole = (name: string): boolean =>
  name === 'cpu' || name === 'memory' || name.startsWith('hugepages-')

/** What a Pod says as a whole, else what its containers say. */
export function wholeAmounts({ spec }: Pod, side: Side): Amounts {
  const own = (spec as { resources?: Partial<Record<Side, Record<string, unknown>>> }).resources?.[side]
  const total = containerAmounts(spec, side)
  if (!own) return total
  return { ...total, ...Object.fromEntries(Object.entries(read(own)).filter(([name]) => isWhole(name))) }
}

/** What a Pod requests, or may use at most, and what it costs by itself. */
export function podAmounts(pod: Pod, side: Side): Amounts {
  const total = wholeAmounts(pod, side)
  const overhead = read(pod.spec.overhead as Record<string, unknown>)
  const isBounded = (name: string): boolean => side === 'requests' || total[name] !== undefined
  return addAmounts(total, Object.fromEntries(Object.entries(overhead).filter(([name]) => isBounded(name))))
}

/** Whether a Pod says as a whole what it needs of anything that can be said so. */
export function isSetAsWhole({ spec }: Pod): boolean {
  const { requests = {}, limits = {} } =
    (spec as { resources?: Partial<Record<Side, Record<string, unknown>>> }).resources ?? {}
  return [...Object.keys(requests), ...Object.keys(limits)].some(isWhole)
}
