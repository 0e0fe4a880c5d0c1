import type { Pod } from '../../../api/kinds/types.ts'
import type { PodSandboxStatus, RuntimeContainerStatus, RuntimePlugin } from '../../../plugins/runtime.ts'
import { CONTAINER_NAME, POD_UID, RESTART_COUNT } from '../containers/labels.ts'

/** What the runtime says of one Pod. */
export interface Observed {
  /** Newest first. */
  sandboxes: PodSandboxStatus[]
  /** By container name, newest first. */
  containers: Map<string, RuntimeContainerStatus[]>
  /** Sandbox of each container id. */
  sandboxOf: Map<string, string>
}

export const restartCountOf = (status: RuntimeContainerStatus): number =>
  Number(status.annotations[RESTART_COUNT] ?? status.metadata.attempt)

/** The sandbox containers can be started in, if there is one. */
export const readySandbox = ({ sandboxes }: Observed): PodSandboxStatus | undefined =>
  sandboxes[0]?.state === 'SANDBOX_READY' ? sandboxes[0] : undefined

/** The newest run of a container. */
export const latestRun = ({ containers }: Observed, name: string): RuntimeContainerStatus | undefined =>
  containers.get(name)?.[0]

export const isRunning = (status: RuntimeContainerStatus | undefined): boolean =>
  status?.state === 'CONTAINER_RUNNING'

/** Asks the runtime for all it has of a Pod. */
export async function observe(runtime: RuntimePlugin, pod: Pod): Promise<Observed> {
  const labelSelector = { [POD_UID]: pod.metadata.uid! }
  const [sandboxes, containers] = await Promise.all([
    runtime.listPodSandbox({ labelSelector }),
    runtime.listContainers({ labelSelector }),
  ])
  const [sandboxStatuses, containerStatuses] = await Promise.all([
    settled(sandboxes.map(({ id }) => runtime.podSandboxStatus(id))),
    settled(containers.map(({ id }) => runtime.containerStatus(id))),
  ])
  return {
    sandboxes: sandboxStatuses.sort((a, b) => b.createdAt - a.createdAt),
    containers: groupByName(containerStatuses),
    sandboxOf: new Map(containers.map(({ id, podSandboxId }) => [id, podSandboxId])),
  }
}

/** What can be had: something listed may be removed before it is asked for. */
async function settled<T>(calls: Promise<T>[]): Promise<T[]> {
  const results = await Promise.allSettled(calls)
  return results.flatMap(result => (result.status === 'fulfilled' ? [result.value] : []))
}

function groupByName(statuses: RuntimeContainerStatus[]): Map<string, RuntimeContainerStatus[]> {
  const groups = new Map<string, RuntimeContainerStatus[]>()
  for (const status of statuses.sort((a, b) => b.createdAt - a.createdAt)) {
    const name = status.labels[CONTAINER_NAME] ?? status.metadata.name
    const group = groups.get(name)
    if (group) group.push(status)
    else groups.set(name, [status])
  }
  return groups
}
