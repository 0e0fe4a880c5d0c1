import { isDeepStrictEqual } from 'node:util'
import { pods } from '../../../api/kinds/core.ts'
import type { Container, ContainerStatus, Pod, PodStatus } from '../../../api/kinds/types.ts'
import { isNotFound } from '../../../api/meta/status.ts'
import type { PodContext } from '../pods/context.ts'
import { type Observed, restartCountOf } from '../pods/observe.ts'
import { containerStatus, terminationMessage, type Waiting } from './container-status.ts'
import { podStatus, type StatusInputs } from './pod-status.ts'

type Known = Pick<StatusInputs, 'podIPs' | 'hasSandbox' | 'ended' | 'startTime'> & {
  waiting: Map<string, Waiting>
}

/** Writes the status of one Pod, when it differs from what was written last. */
export interface StatusWriter {
  write(pod: Pod, observed: Observed, known: Known): Promise<void>
}

export function createStatusWriter(context: PodContext): StatusWriter {
  let last: PodStatus | undefined
  const messages = new Map<string, string>()
  return {
    async write(pod, observed, known) {
      await readMessages(context, pod, observed, messages)
      const before = last ? { ...pod, status: last } : pod
      const status = podStatus(before, {
        ...known,
        hostIP: context.hostIP,
        containers: statuses(context, pod, pod.spec.containers, observed, known, messages),
        initContainers: statuses(context, pod, pod.spec.initContainers ?? [], observed, known, messages),
      })
      if (isDeepStrictEqual(status, last ?? pod.status)) return
      await send(context, pod, status)
      last = status
    },
  }
}

async function send({ client }: PodContext, { metadata }: Pod, status: PodStatus): Promise<void> {
  const { name, namespace, uid } = metadata
  const body = { metadata: { uid }, status: { ...status, nominatedNodeName: null } }
  await client
    .patch(pods, { name, namespace }, { type: 'merge', body }, { subresource: 'status' })
    .catch(error => {
      if (!isNotFound(error)) throw error
    })
}

async function readMessages(
  { volumes }: PodContext,
  pod: Pod,
  { containers }: Observed,
  messages: Map<string, string>,
): Promise<void> {
  for (const [name, [run]] of containers) {
    if (run?.state !== 'CONTAINER_EXITED' || messages.has(run.id)) continue
    messages.set(run.id, await terminationMessage(run, volumes.terminationLog(pod.metadata.uid!, name)))
  }
}

function statuses(
  context: PodContext,
  pod: Pod,
  containers: Container[],
  observed: Observed,
  { waiting }: Known,
  messages: Map<string, string>,
): ContainerStatus[] {
  const isInit = containers !== pod.spec.containers
  const initDone = isInit || initContainersDone(pod, observed)
  return containers.map(container => {
    const runs = observed.containers.get(container.name) ?? []
    const reason =
      waiting.get(container.name) ??
      (runs.length === 0 && !initDone ? { reason: 'PodInitializing' } : undefined)
    return containerStatus(container, runs, {
      waiting:
        runs[0]?.state === 'CONTAINER_RUNNING'
          ? undefined
          : (reason ?? pendingReason(runs.length, isInit, pod)),
      probes: runs[0] && context.probes.state(runs[0].id),
      messages,
      restarts: runs[0] ? restartCountOf(runs[0]) : 0,
      scheme: context.runtimeName,
    })
  })
}

const pendingReason = (runs: number, isInit: boolean, pod: Pod): Waiting | undefined =>
  runs === 0
    ? {
        reason:
          isInit && (pod.spec.initContainers?.length ?? 0) > 0 ? 'PodInitializing' : 'ContainerCreating',
      }
    : undefined

function initContainersDone(pod: Pod, { containers }: Observed): boolean {
  return (pod.spec.initContainers ?? []).every(init => {
    const run = containers.get(init.name)?.[0]
    const isSidecar = (init as { restartPolicy?: string }).restartPolicy === 'Always'
    return isSidecar ? run !== undefined : run?.state === 'CONTAINER_EXITED' && run.exitCode === 0
  })
}
