import type { Container, ContainerStatus, Pod, PodStatus } from '../../../api/kinds/types.ts'
import { ephemeralContainers, isSidecar } from '../pods/containers-of.ts'
import { hasEnded, hasSucceeded, isRunning, latestRun, type Observed, readySandbox } from '../pods/observe.ts'
import { type PodState, podIPsOf } from '../pods/pod-state.ts'
import { containerStatus, withInitReadiness } from './container-status.ts'
import { podStatus } from './pod-status.ts'
import { terminationMessage } from './termination-message.ts'

interface ReportOptions {
  /** Nothing will be started any more. */
  isTerminal?: boolean
}

/** Computes a Pod's status from what was observed and has it written; does not wait for that. */
export async function reportStatus(
  state: PodState,
  observed: Observed,
  { isTerminal = false }: ReportOptions = {},
): Promise<void> {
  const { pod, status } = state
  const messages = await readMessages(state, observed)
  const before = status.wanted ?? pod.status ?? {}
  const statusOf = (container: Container, known: ContainerStatus[] | undefined): ContainerStatus =>
    statusOfContainer(state, container, known, observed, messages)
  const inits = pod.spec.initContainers ?? []
  const next = podStatus(pod, before, {
    containers: pod.spec.containers.map(container => statusOf(container, before.containerStatuses)),
    initContainers: inits.map(init => withInitReadiness(init, statusOf(init, before.initContainerStatuses))),
    ephemeralContainers: ephemeralContainers(pod).map(container =>
      statusOf(container, before.ephemeralContainerStatuses),
    ),
    podIPs: podIPsOf(state, observed),
    hostIP: state.context.hostIP,
    hasSandbox: readySandbox(observed) !== undefined,
    ended: state.ended,
    resize: state.resize,
    isTerminal,
    startTime: state.startTime,
  })
  if (next.phase === 'Running' && (before.phase ?? 'Pending') === 'Pending')
    state.context.metrics.podRunning((Date.now() - state.seenAt) / 1_000)
  status.report(next)
}

function statusOfContainer(
  state: PodState,
  container: Container,
  known: PodStatus['containerStatuses'],
  observed: Observed,
  messages: Map<string, string>,
): ContainerStatus {
  const { pod, obstacles, starts, context } = state
  const { name } = container
  const runs = observed.containers.get(name) ?? []
  const isInitializing = (pod.spec.initContainers?.length ?? 0) > 0 && !initIsDone(pod, observed)
  return containerStatus(container, {
    runs,
    before: known?.find(status => status.name === name),
    obstacle: obstacles.get(name),
    isStarting: starts.has(name),
    initialReason: isInitializing ? 'PodInitializing' : 'ContainerCreating',
    probes: runs[0] && context.probes.state(runs[0].id),
    messages,
    applied: isRunning(runs[0]) ? state.applied.get(name) : undefined,
    schemeOf: context.runtimeNameOf,
  })
}

function initIsDone({ spec }: Pod, observed: Observed): boolean {
  return (spec.initContainers ?? []).every(init => {
    const run = latestRun(observed, init.name)
    return isSidecar(init) ? run !== undefined : hasSucceeded(run)
  })
}

/** Last words of the runs that ended, read once each. */
async function readMessages(
  { messages, context, pod }: PodState,
  { containers }: Observed,
): Promise<Map<string, string>> {
  for (const [name, [run]] of containers) {
    if (!run || !hasEnded(run) || messages.has(run.id)) continue
    const file = context.volumes.terminationLog(pod.metadata.uid!, name)
    messages.set(run.id, await terminationMessage(run, file))
  }
  return messages
}
