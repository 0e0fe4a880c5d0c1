import type { Pod } from '../../../api/kinds/types.ts'
import type {
  PodSandbox,
  PodSandboxStatus,
  RuntimeContainer,
  RuntimeContainerStatus,
  RuntimePlugin,
} from '../../../plugins/runtime.ts'
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

/** Ended, or lost by the runtime. */
export const hasEnded = (status: RuntimeContainerStatus | undefined): boolean =>
  status?.state === 'CONTAINER_EXITED' || status?.state === 'CONTAINER_UNKNOWN'

/** A run the runtime knows nothing of any more counts as killed. */
export const hasSucceeded = (status: RuntimeContainerStatus | undefined): boolean =>
  status?.state === 'CONTAINER_EXITED' && status.exitCode === 0

/** Asks the runtime for all it has of a Pod. */
export async function observe(
  runtime: RuntimePlugin,
  pod: Pod,
  known: Known = createKnown(),
): Promise<Observed> {
  const labelSelector = { [POD_UID]: pod.metadata.uid! }
  const [sandboxes, containers] = await Promise.all([
    runtime.listPodSandbox({ labelSelector }),
    runtime.listContainers({ labelSelector }),
  ])
  const [sandboxStatuses, containerStatuses] = await Promise.all([
    existing(sandboxes.map(sandbox => sandboxStatus(runtime, sandbox, known))),
    existing(containers.map(container => containerStatus(runtime, container, known))),
  ])
  return {
    sandboxes: sandboxStatuses.sort((a, b) => b.createdAt - a.createdAt),
    containers: groupByName(containerStatuses),
    sandboxOf: new Map(containers.map(({ id, podSandboxId }) => [id, podSandboxId])),
  }
}

/** What does not change any more and need not be asked for again: ends of containers, addresses of sandboxes. */
export interface Known {
  ended: Map<string, RuntimeContainerStatus>
  addresses: Map<string, NonNullable<PodSandboxStatus['network']>>
}

export const createKnown = (): Known => ({ ended: new Map(), addresses: new Map() })

async function sandboxStatus(
  runtime: RuntimePlugin,
  sandbox: PodSandbox,
  { addresses }: Known,
): Promise<PodSandboxStatus> {
  const network = addresses.get(sandbox.id)
  if (network) return { ...sandbox, network }
  const status = await runtime.podSandboxStatus(sandbox.id)
  if (status.network?.ip) addresses.set(sandbox.id, status.network)
  return status
}

async function containerStatus(
  runtime: RuntimePlugin,
  { id, state }: RuntimeContainer,
  { ended }: Known,
): Promise<RuntimeContainerStatus> {
  const last = state === 'CONTAINER_EXITED' ? ended.get(id) : undefined
  if (last) return last
  const status = await runtime.containerStatus(id)
  if (status.state === 'CONTAINER_EXITED') ended.set(id, status)
  return status
}

const NOT_FOUND = 5

/** Something listed may be removed before it is asked for. Any other error must not look like an absence. */
async function existing<T>(calls: Promise<T>[]): Promise<T[]> {
  const results = await Promise.allSettled(calls)
  const failed = results.find(
    (result): result is PromiseRejectedResult =>
      result.status === 'rejected' && result.reason?.code !== NOT_FOUND,
  )
  if (failed) throw failed.reason
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
