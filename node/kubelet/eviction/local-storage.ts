import { formatQuantity, parseQuantity, quantityValue } from '../../../api/meta/quantity.ts'
import { allContainers } from '../pods/containers-of.ts'
import { isLimited, podResource } from '../pods/resources.ts'
import { diskUsage } from '../stats/disk-usage.ts'
import type { Candidate } from './rank.ts'

const STORAGE = 'ephemeral-storage'
const bytesOf = (quantity: unknown): number => Number(quantityValue(parseQuantity(String(quantity))))
const quote = (quantity: unknown): string => JSON.stringify(String(quantity))

/** True for Pods that have a limit of what they may write to the node's disk. */
export const hasStorageLimits = ({ pod }: Pick<Candidate, 'pod'>): boolean =>
  Boolean(pod.spec.volumes?.some(({ emptyDir }) => emptyDir?.sizeLimit !== undefined)) ||
  allContainers(pod).some(({ resources }) => resources?.limits?.[STORAGE] !== undefined)

/** Why a Pod has written more than it may, in the words of its status; undefined for one that has not. */
export async function storageExcess(
  candidate: Candidate,
  pathOf: (volume: string) => string | undefined,
): Promise<string | undefined> {
  return (await emptyDirExcess(candidate, pathOf)) ?? podExcess(candidate) ?? containerExcess(candidate)
}

async function emptyDirExcess(
  { pod }: Candidate,
  pathOf: (volume: string) => string | undefined,
): Promise<string | undefined> {
  for (const { name, emptyDir } of pod.spec.volumes ?? []) {
    const limit = emptyDir?.sizeLimit
    if (limit === undefined || bytesOf(limit) === 0) continue
    const path = pathOf(name)
    if (path && (await diskUsage(path)).bytes > bytesOf(limit))
      return `Usage of EmptyDir volume ${quote(name)} exceeds the limit ${quote(limit)}. `
  }
  return undefined
}

function podExcess({ pod, disk }: Candidate): string | undefined {
  if (!isLimited(pod, STORAGE)) return undefined
  const limit = podResource(pod, 'limits', STORAGE)
  if (disk <= limit) return undefined
  const quantity = formatQuantity({ nano: BigInt(limit) * 1_000_000_000n, format: 'binary' })
  return `Pod ephemeral local storage usage exceeds the total limit of containers ${quantity}. `
}

function containerExcess({ pod, usage }: Candidate): string | undefined {
  for (const { name, resources } of allContainers(pod)) {
    const limit = resources?.limits?.[STORAGE]
    const used = usage.containers.find(container => container.name === name)
    if (limit === undefined || !used) continue
    if ((used.rootfs?.bytes ?? 0) + used.logBytes > bytesOf(limit))
      return `Container ${name} exceeded its local ephemeral storage limit ${quote(limit)}. `
  }
  return undefined
}
