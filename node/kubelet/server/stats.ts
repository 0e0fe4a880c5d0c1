import { now } from '../../../api/meta/time.ts'
import type { ContainerStats } from '../../../plugins/runtime.ts'
import { POD_NAME, POD_NAMESPACE, POD_UID } from '../containers/labels.ts'
import type { KubeletServerOptions } from './server.ts'

/** `/stats/summary` (kubelet stats/v1alpha1), from what the runtime measures. */
export async function statsSummary({ context }: KubeletServerOptions): Promise<object> {
  const stats = (await context.runtime.listContainerStats?.()) ?? []
  const byPod = new Map<string, ContainerStats[]>()
  for (const entry of stats) {
    const uid = entry.attributes.labels[POD_UID] ?? ''
    byPod.set(uid, [...(byPod.get(uid) ?? []), entry])
  }
  return {
    node: { nodeName: context.nodeName, startTime: now() },
    pods: [...byPod].map(([uid, containers]) => {
      const { labels } = containers[0]!.attributes
      return {
        podRef: { name: labels[POD_NAME], namespace: labels[POD_NAMESPACE], uid },
        containers: containers.map(containerSummary),
      }
    }),
  }
}

function containerSummary({ attributes, cpu, memory, writableLayer }: ContainerStats): object {
  const time = (nano: number): string => new Date(nano / 1e6).toISOString()
  return {
    name: attributes.metadata.name,
    ...(cpu && {
      cpu: { time: time(cpu.timestamp), usageCoreNanoSeconds: cpu.usageCoreNanoSeconds?.value ?? 0 },
    }),
    ...(memory && {
      memory: {
        time: time(memory.timestamp),
        workingSetBytes: memory.workingSetBytes?.value ?? 0,
        usageBytes: memory.usageBytes?.value ?? 0,
        rssBytes: memory.rssBytes?.value ?? 0,
      },
    }),
    ...(writableLayer && { rootfs: { usedBytes: writableLayer.usedBytes?.value ?? 0 } }),
  }
}
