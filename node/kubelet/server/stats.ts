import { existsSync } from 'node:fs'
import type { Pod } from '../../../api/kinds/types.ts'
import { toTime } from '../../../api/meta/time.ts'
import type { NetworkInterfaceUsage } from '../../../plugins/runtime.ts'
import type { PodContext } from '../pods/context.ts'
import { cgroupUsage } from '../stats/cgroup-usage.ts'
import { diskUsage, type Filesystem, filesystemOf } from '../stats/disk-usage.ts'
import { type ContainerUsage, measurePods, type PodUsage } from '../stats/pod-usage.ts'
import { createRates, type Rates } from '../stats/rates.ts'

const time = (milliseconds = Date.now()): string => toTime(new Date(milliseconds))
const startedAt = time()

/** Rates are counted from one question to the next. */
export type StatsSummary = (pods: readonly Pod[], options: { onlyCpuAndMemory: boolean }) => Promise<object>

/** `/stats/summary` (kubelet stats/v1alpha1): node and Pods as they are now. */
export function createStatsSummary(context: PodContext): StatsSummary {
  const rates = createRates()
  return async (pods, { onlyCpuAndMemory }) => {
    const measured = await measurePods(context, pods)
    const disk = onlyCpuAndMemory ? undefined : await filesystemOf(context.logDir)
    return {
      node: await nodeSummary(context, rates, disk),
      pods: await Promise.all(measured.map(usage => podSummary(context, usage, rates, disk))),
    }
  }
}

async function nodeSummary(context: PodContext, rates: Rates, disk: Filesystem | undefined): Promise<object> {
  const { cpu, memory } = cgroupUsage('/')
  const imageFs = disk ? await imageFilesystem(context) : undefined
  return {
    nodeName: context.nodeName,
    startTime: startedAt,
    ...(cpu !== undefined && { cpu: cpuSummary('node', cpu, Date.now(), rates) }),
    ...(memory && {
      memory: {
        ...memorySummary(memory, Date.now()),
        availableBytes: Math.max(0, context.memoryCapacity - memory.workingSet),
      },
    }),
    ...(disk && { fs: fsSummary(disk, disk.capacity - disk.available) }),
    ...(imageFs && { runtime: { imageFs } }),
  }
}

/** Where the runtime keeps images: its own figures for what they use, the disk's for what is left. */
async function imageFilesystem({ runtime }: PodContext): Promise<object | undefined> {
  const [images] = (await runtime.imageFsInfo?.().catch(() => [])) ?? []
  const disk = images && (await filesystemOf(images.mountpoint))
  return disk && { ...fsSummary(disk, images.usedBytes), inodesUsed: images.inodesUsed }
}

async function podSummary(
  context: PodContext,
  usage: PodUsage,
  rates: Rates,
  disk: Filesystem | undefined,
): Promise<object> {
  const { pod, cpu, memory, processes, network } = usage
  const { name, namespace, uid } = pod.metadata
  const volumes = disk ? await volumeSummaries(context, pod) : []
  const written = usage.containers.reduce(
    (sum, { rootfs, logBytes }) => sum + (rootfs?.bytes ?? 0) + logBytes,
    0,
  )
  const inVolumes = volumes.reduce(
    (sum, { usedBytes, isEphemeral }) => sum + (isEphemeral ? usedBytes : 0),
    0,
  )
  return {
    podRef: { name, namespace, uid },
    startTime: pod.status?.startTime ?? null,
    containers: usage.containers.map(container => containerSummary(container, rates, disk)),
    ...(cpu !== undefined && { cpu: cpuSummary(uid!, cpu, usage.time, rates) }),
    ...(memory && { memory: memorySummary(memory, usage.time) }),
    ...(network && { network: networkSummary(network) }),
    ...(volumes.length > 0 && { volume: volumes.map(({ isEphemeral: _, ...volume }) => volume) }),
    ...(disk && { 'ephemeral-storage': fsSummary(disk, written + inVolumes) }),
    ...(processes !== undefined && { process_stats: { process_count: processes } }),
  }
}

function containerSummary(
  { name, id, time: at, startedAt, cpu, memory, rootfs, logBytes }: ContainerUsage,
  rates: Rates,
  disk: Filesystem | undefined,
): object {
  return {
    name,
    startTime: startedAt ?? null,
    ...(cpu !== undefined && { cpu: cpuSummary(id, cpu, at, rates) }),
    ...(memory && {
      memory: {
        time: time(at),
        workingSetBytes: memory.workingSet,
        usageBytes: memory.usage,
        rssBytes: memory.rss,
      },
    }),
    ...(disk && rootfs && { rootfs: { ...fsSummary(disk, rootfs.bytes), inodesUsed: rootfs.inodes } }),
    ...(disk && { logs: fsSummary(disk, logBytes) }),
  }
}

function cpuSummary(key: string, total: number, at: number, rates: Rates): object {
  const usageNanoCores = rates.perSecond(key, total, at)
  return {
    time: time(at),
    ...(usageNanoCores !== undefined && { usageNanoCores }),
    usageCoreNanoSeconds: total,
  }
}

const memorySummary = (
  { usage, workingSet, rss, pageFaults, majorPageFaults }: NonNullable<PodUsage['memory']>,
  at: number,
) => ({
  time: time(at),
  usageBytes: usage,
  workingSetBytes: workingSet,
  rssBytes: rss,
  pageFaults,
  majorPageFaults,
})

const fsSummary = ({ capacity, available, inodes, inodesFree }: Filesystem, usedBytes: number) => ({
  time: time(),
  availableBytes: available,
  capacityBytes: capacity,
  usedBytes,
  inodesFree,
  inodes,
})

function networkSummary({
  timestamp,
  defaultInterface,
  interfaces,
}: NonNullable<PodUsage['network']>): object {
  const values = ({ name, rxBytes, rxErrors, txBytes, txErrors }: NetworkInterfaceUsage): object => ({
    name,
    rxBytes: rxBytes?.value ?? 0,
    rxErrors: rxErrors?.value ?? 0,
    txBytes: txBytes?.value ?? 0,
    txErrors: txErrors?.value ?? 0,
  })
  return {
    time: time(timestamp / 1e6),
    ...(defaultInterface && values(defaultInterface)),
    interfaces: [...(defaultInterface ? [defaultInterface] : []), ...interfaces].map(values),
  }
}

/** Volumes that live and die with the Pod are measured; what outlives it is its owner's. */
async function volumeSummaries({ volumes }: PodContext, pod: Pod) {
  const summaries = (pod.spec.volumes ?? []).map(async volume => {
    const path = volumes.pathOf(pod, volume)
    if (!path || !existsSync(path)) return []
    const disk = await filesystemOf(path)
    if (!disk) return []
    const { bytes, inodes } = await diskUsage(path)
    const isEphemeral = volume.emptyDir?.medium !== 'Memory'
    return [{ ...fsSummary(disk, bytes), inodesUsed: inodes, name: volume.name, isEphemeral }]
  })
  return (await Promise.all(summaries)).flat()
}
