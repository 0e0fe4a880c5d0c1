import type { Container, Pod } from '../../../api/kinds/types.ts'
import { compareQuantity } from '../../../api/meta/quantity.ts'
import { resizedResources } from '../containers/config.ts'
import { updatePodCgroup } from './cgroups.ts'
import { isSidecar } from './containers-of.ts'
import { isRunning, latestRun, type Observed } from './observe.ts'
import type { Kill } from './plan.ts'
import type { PodState } from './pod-state.ts'

type Sized = Container & { resizePolicy?: { resourceName: string; restartPolicy: string }[] }

const RESIZABLE = ['cpu', 'memory']

/**
 * Gives running containers the resources their spec has by now, if the node has room for them. What must be started anew
 * to get them is returned, to be ended.
 */
export async function resizeContainers(state: PodState, observed: Observed): Promise<Kill[]> {
  const changed = changedContainers(state, observed)
  if (changed.length === 0) {
    state.resize = undefined
    return []
  }
  const refusal = state.context.fits(state.pod)
  if (refusal) {
    if (state.resize?.reason !== refusal.reason)
      tell(state, `Resize${refusal.reason}`, refusal.reason, 'Warning')
    state.resize = { type: 'PodResizePending', ...refusal }
    return []
  }
  if (state.resize?.type !== 'PodResizeInProgress') tell(state, 'ResizeStarted', 'started')
  state.resize = { type: 'PodResizeInProgress' }
  const restart = changed.filter(container => needsRestart(container, state.applied.get(container.name)))
  await resizeInPlace(
    state,
    changed.filter(container => !restart.includes(container)),
    observed,
  )
  if (restart.length === 0 && !state.resize.reason) {
    state.resize = undefined
    tell(state, 'ResizeCompleted', 'completed')
  }
  return restart.map(container => ({
    container,
    containerId: latestRun(observed, container.name)!.id,
    why: `Container ${container.name} resize requires restart`,
  }))
}

/** A limit of the Pod as a whole is set before and after, since no part may be larger than the whole. */
async function resizeInPlace(state: PodState, containers: Container[], observed: Observed): Promise<void> {
  const { pod, context, applied } = state
  updatePodCgroup(pod)
  for (const container of containers) {
    const { id } = latestRun(observed, container.name)!
    try {
      if (!context.runtime.updateContainerResources) throw new Error('the container runtime cannot resize')
      await context.runtime.updateContainerResources(id, resizedResources(container))
      applied.set(container.name, container.resources ?? {})
    } catch (error) {
      const { message } = error as Error
      state.resize = { type: 'PodResizeInProgress', reason: 'Error', message }
    }
  }
  updatePodCgroup(pod)
}

function tell(
  { context, pod }: PodState,
  reason: string,
  what: string,
  type: 'Normal' | 'Warning' = 'Normal',
): void {
  const containers = resizable(pod).map(({ name, resources = {} }) => ({ name, resources }))
  const details = JSON.stringify({ containers, generation: pod.metadata.generation })
  context.recorder.event(pod, type, reason, `Pod resize ${what}: ${details}`)
}

const resizable = ({ spec }: Pod): Sized[] => [
  ...spec.containers,
  ...(spec.initContainers ?? []).filter(isSidecar),
]

/** Running containers whose spec asks for something else than what they have. */
function changedContainers({ pod, applied, starts, kills }: PodState, observed: Observed): Sized[] {
  return resizable(pod).filter(container => {
    const run = latestRun(observed, container.name)
    if (!isRunning(run) || starts.has(container.name) || kills.has(run!.id)) return false
    const has = applied.get(container.name) ?? statusResources(pod, container.name)
    if (!has) return false
    applied.set(container.name, has)
    return changedNames(container, has).length > 0
  })
}

/** What an earlier agent told that a container has. */
const statusResources = ({ status }: Pod, name: string): Container['resources'] =>
  [...(status?.containerStatuses ?? []), ...(status?.initContainerStatuses ?? [])].find(
    container => container.name === name,
  )?.resources

/** Names of the resources that differ. */
const changedNames = ({ resources }: Container, has: Container['resources']): string[] =>
  RESIZABLE.filter(name =>
    (['requests', 'limits'] as const).some(kind => !isSame(resources?.[kind]?.[name], has?.[kind]?.[name])),
  )

const isSame = (a: unknown, b: unknown): boolean =>
  a === undefined || b === undefined ? a === b : compareQuantity(String(a), String(b)) === 0

const needsRestart = (container: Sized, has: Container['resources']): boolean =>
  changedNames(container, has).some(name =>
    container.resizePolicy?.some(
      ({ resourceName, restartPolicy }) => resourceName === name && restartPolicy === 'RestartContainer',
    ),
  )
