import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { Pod } from '../../../api/kinds/types.ts'
import type { ContainerStats, PodSandboxStats } from '../../../plugins/runtime.ts'
import { CONTAINER_NAME, POD_UID } from '../containers/labels.ts'
import { cgroupParent } from '../pods/cgroups.ts'
import { type PodContext, podLogDir } from '../pods/context.ts'
import { type CgroupUsage, cgroupUsage } from './cgroup-usage.ts'

/** What one container uses. */
export interface ContainerUsage {
  name: string
  id: string
  /** Milliseconds since the epoch. */
  time: number
  startedAt?: string
  /** Nanoseconds since its start. */
  cpu?: number
  memory?: { usage: number; workingSet: number; rss: number }
  /** Bytes written to its own layer, and its inodes. */
  rootfs?: { bytes: number; inodes: number }
  logBytes: number
}

/** What a Pod uses, all its containers together and each by itself. */
export interface PodUsage extends CgroupUsage {
  pod: Pod
  time: number
  containers: ContainerUsage[]
  network?: NonNullable<PodSandboxStats['linux']>['network']
}

/** Measures these Pods now. Pods and containers the runtime does not know are left out. */
export async function measurePods(context: PodContext, pods: readonly Pod[]): Promise<PodUsage[]> {
  const { runtime } = context
  const [stats, sandboxes] = await Promise.all([
    runtime.listContainerStats?.() ?? [],
    runtime.listPodSandboxStats?.().catch(() => []) ?? [],
  ])
  const ofPod = Map.groupBy(stats, ({ attributes }) => attributes.labels[POD_UID] ?? '')
  const networks = new Map(
    sandboxes.map(({ attributes, linux }) => [attributes.labels[POD_UID] ?? '', linux?.network]),
  )
  return Promise.all(
    pods.map(pod =>
      measurePod(context, pod, ofPod.get(pod.metadata.uid!) ?? [], networks.get(pod.metadata.uid!)),
    ),
  )
}

async function measurePod(
  context: PodContext,
  pod: Pod,
  stats: ContainerStats[],
  network: PodUsage['network'],
): Promise<PodUsage> {
  const containers = await Promise.all(stats.map(entry => measureContainer(context, pod, entry)))
  return {
    ...cgroupUsage(cgroupParent(pod)),
    pod,
    time: Date.now(),
    containers: containers.sort((a, b) => a.name.localeCompare(b.name)),
    ...(network && !pod.spec.hostNetwork && { network }),
  }
}

async function measureContainer(
  context: PodContext,
  pod: Pod,
  { attributes, cpu, memory, writableLayer }: ContainerStats,
): Promise<ContainerUsage> {
  const name = attributes.labels[CONTAINER_NAME] ?? attributes.metadata.name
  const usage = memory?.usageBytes?.value ?? memory?.workingSetBytes?.value ?? 0
  const startedAt = startOf(pod, attributes.id)
  return {
    name,
    id: attributes.id,
    time: (cpu?.timestamp ?? memory?.timestamp ?? 0) / 1e6 || Date.now(),
    ...(startedAt && { startedAt }),
    ...(cpu && { cpu: cpu.usageCoreNanoSeconds?.value ?? 0 }),
    ...(memory && {
      memory: {
        usage,
        workingSet: memory.workingSetBytes?.value ?? 0,
        rss: memory.rssBytes?.value ?? 0,
      },
    }),
    ...(writableLayer && {
      rootfs: { bytes: writableLayer.usedBytes?.value ?? 0, inodes: writableLayer.inodesUsed?.value ?? 0 },
    }),
    logBytes: await sizeOf(join(podLogDir(context, pod), name)),
  }
}

function startOf({ status }: Pod, containerId: string): string | undefined {
  const all = [...(status?.containerStatuses ?? []), ...(status?.initContainerStatuses ?? [])]
  const found = all.find(({ containerID }) => containerID?.endsWith(`//${containerId}`))
  return found?.state?.running?.startedAt
}

/** Bytes of the files of a folder. */
async function sizeOf(folder: string): Promise<number> {
  const names = await readdir(folder).catch(() => [])
  const sizes = await Promise.all(
    names.map(name =>
      stat(join(folder, name)).then(
        ({ size }) => size,
        () => 0,
      ),
    ),
  )
  return sizes.reduce((sum, size) => sum + size, 0)
}
