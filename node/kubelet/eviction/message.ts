import { formatQuantity } from '../../../api/meta/quantity.ts'
import { amount } from '../pods/resources.ts'
import type { EvictionSignal } from '../settings.ts'
import type { ContainerUsage } from '../stats/pod-usage.ts'
import type { Observation } from './observe.ts'
import type { Candidate } from './rank.ts'
import { type Threshold, thresholdValue } from './thresholds.ts'

/** What a signal says is short, in the words of messages. */
export const RESOURCES: Record<EvictionSignal, string> = {
  'memory.available': 'memory',
  'nodefs.available': 'ephemeral-storage',
  'nodefs.inodesFree': 'inodes',
  'imagefs.available': 'ephemeral-storage',
  'imagefs.inodesFree': 'inodes',
  'pid.available': 'pids',
}

/** Why a Pod was ended, as its status and event say it. */
export function evictionMessage(
  { pod, usage }: Candidate,
  threshold: Threshold,
  observed: Observation,
): string {
  const resource = RESOURCES[threshold.signal]
  const limit = threshold.text.endsWith('%')
    ? bytes(thresholdValue(threshold, observed.capacity))
    : threshold.text
  const lines = [
    `The node was low on resource: ${resource}. `,
    `Threshold quantity: ${limit}, available: ${bytes(observed.available, 'Ki')}. `,
  ]
  for (const container of usage.containers) {
    const used = usedBy(container, resource)
    const spec = [...pod.spec.containers, ...(pod.spec.initContainers ?? [])].find(
      ({ name }) => name === container.name,
    )
    const request = String(spec?.resources?.requests?.[resource] ?? '0')
    if (used === undefined || used <= amount(resource, request)) continue
    lines.push(
      `Container ${container.name} was using ${bytes(used, 'Ki')}, request is ${request}, has larger consumption of ${resource}. `,
    )
  }
  return lines.join('')
}

function usedBy({ memory, rootfs, logBytes }: ContainerUsage, resource: string): number | undefined {
  if (resource === 'memory') return memory?.workingSet
  return resource === 'ephemeral-storage' ? (rootfs?.bytes ?? 0) + logBytes : undefined
}

/** A number of bytes as a quantity; in whole KiB where that is exact. */
function bytes(value: number, unit?: 'Ki'): string {
  const rounded = unit ? Math.floor(value / 1_024) * 1_024 : value
  return formatQuantity({ nano: BigInt(rounded) * 1_000_000_000n, format: 'binary' })
}
