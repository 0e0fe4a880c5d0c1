import type { Container, ContainerState, ContainerStatus } from '../../../api/kinds/types.ts'
import { toTime } from '../../../api/meta/time.ts'
import type { RuntimeContainerStatus } from '../../../plugins/runtime.ts'
import { isSidecar } from '../pods/containers-of.ts'
import { hasEnded, isRunning, restartCountOf } from '../pods/observe.ts'
import type { ProbeState } from '../probes/probe-manager.ts'

/** Why a container is not running now. */
export interface Waiting {
  reason: string
  message?: string
}

/** What is known of a container beside its runs. */
export interface StatusDetails {
  /** Runs, newest first. */
  runs: RuntimeContainerStatus[]
  /** The status last told; speaks for runs the runtime has lost. */
  before: ContainerStatus | undefined
  /** Why it does not run, where something keeps it from running. */
  obstacle: Waiting | undefined
  /** Its start is under way, up to the end of the postStart hook. */
  isStarting: boolean
  /** What it waits for when nothing has gone wrong. */
  initialReason: 'PodInitializing' | 'ContainerCreating'
  probes: ProbeState | undefined
  /** Termination messages by container id. */
  messages: Map<string, string>
  /** The resources it has, where these may be others than its spec asks for. */
  applied: Container['resources'] | undefined
  /** What the runtime of a container is called, as in `containerd://…`. */
  schemeOf(containerId: string): string
}

const LOST_EXIT_CODE = 137

/** Nanoseconds since the epoch as the API's time; null for never, as the API writes it. */
const fromNano = (nano: number): string => (nano > 0 ? toTime(new Date(nano / 1e6)) : null!)

/** One entry of `status.containerStatuses`. */
export function containerStatus(container: Container, details: StatusDetails): ContainerStatus {
  const { runs, before, schemeOf } = details
  const [latest, previous] = runs
  if (!latest && before?.state?.terminated && !details.obstacle) return before
  const isUp = isRunning(latest) && !details.isStarting
  const state = currentState(details)
  const ended = isRunning(latest) || state.terminated ? previous : latest
  const lastEnd = hasEnded(ended) ? terminated(ended!, details) : undefined
  const image = latest?.image.image ?? ''
  return {
    name: container.name,
    state,
    lastState: lastEnd ?? lastOf(latest, before),
    ready: isUp && isReady(container, details),
    started: isUp && (details.probes?.started ?? !container.startupProbe),
    restartCount: latest ? restartCountOf(latest) : (before?.restartCount ?? 0),
    image: image && !image.startsWith('sha256:') ? image : (container.image ?? ''),
    imageID: latest?.imageRef ?? before?.imageID ?? '',
    ...(latest && { containerID: `${schemeOf(latest.id)}://${latest.id}` }),
    ...resources(details.applied ?? container.resources),
    ...volumeMounts(container),
  }
}

function currentState(details: StatusDetails): ContainerState {
  const { runs, obstacle, isStarting, initialReason } = details
  const [latest] = runs
  if (isRunning(latest) && !isStarting) return { running: { startedAt: fromNano(latest!.startedAt) } }
  if (hasEnded(latest) && !obstacle) return terminated(latest!, details)
  if (!obstacle) return { waiting: { reason: initialReason } }
  return { waiting: { reason: obstacle.reason, ...(obstacle.message && { message: obstacle.message }) } }
}

/** Of a run the runtime has lost nothing is known but that it was there. */
function lastOf(
  latest: RuntimeContainerStatus | undefined,
  before: ContainerStatus | undefined,
): ContainerState {
  if (latest || !before) return {}
  const { terminated, running } = before.state ?? {}
  if (terminated) return { terminated }
  if (!running) return before.lastState ?? {}
  const message = 'The container could not be located when the pod was terminated'
  return {
    terminated: {
      exitCode: LOST_EXIT_CODE,
      reason: 'ContainerStatusUnknown',
      message,
      startedAt: null!,
      finishedAt: null!,
    },
  }
}

/** An init container that is done counts as ready; others are when they run and their probes say so. */
function isReady(container: Container, { probes }: StatusDetails): boolean {
  if (!probes) return !container.readinessProbe && !container.startupProbe
  return probes.started && probes.ready
}

function terminated(run: RuntimeContainerStatus, { messages, schemeOf }: StatusDetails): ContainerState {
  const isLost = run.state === 'CONTAINER_UNKNOWN'
  const exitCode = isLost ? LOST_EXIT_CODE : run.exitCode
  const message = messages.get(run.id) || run.message
  const reason = isLost ? 'ContainerStatusUnknown' : run.reason || (exitCode === 0 ? 'Completed' : 'Error')
  return {
    terminated: {
      exitCode,
      reason,
      ...(message && { message }),
      startedAt: fromNano(run.startedAt),
      finishedAt: fromNano(run.finishedAt),
      containerID: `${schemeOf(run.id)}://${run.id}`,
    },
  }
}

/** What the container was given (KEP-1287). */
function resources(given: Container['resources']): Pick<ContainerStatus, 'resources' | 'allocatedResources'> {
  const { requests, limits } = given ?? {}
  return {
    ...(requests && { allocatedResources: requests }),
    resources: { ...(limits && { limits }), ...(requests && { requests }) },
  }
}

/** How volumes are mounted (KEP-3857); recursively read-only only where it was asked for. */
function volumeMounts({ volumeMounts = [] }: Container): object {
  if (volumeMounts.length === 0) return {}
  return {
    volumeMounts: volumeMounts.map(({ name, mountPath, readOnly }) => ({
      mountPath,
      name,
      ...(readOnly && { readOnly, recursiveReadOnly: 'Disabled' }),
    })),
  }
}

/** A successful init container stays ready, as what it did holds. */
export const withInitReadiness = (container: Container, status: ContainerStatus): ContainerStatus =>
  isSidecar(container) ? status : { ...status, ready: status.state?.terminated?.exitCode === 0 }
