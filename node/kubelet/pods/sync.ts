import type { Container, Pod } from '../../../api/kinds/types.ts'
import { execIn } from '../containers/hooks.ts'
import { removeOldRuns } from '../containers/old-runs.ts'
import { reportStatus } from '../status/report.ts'
import { crashDelay } from './crash-delay.ts'
import { createGrace } from './grace.ts'
import { isRunning, type Observed, readySandbox } from './observe.ts'
import { type Kill, planPod } from './plan.ts'
import type { PodState } from './pod-state.ts'
import { resizeContainers } from './resize.ts'
import { forgetLostSandbox } from './sandbox.ts'
import { beginStart } from './start.ts'
import { endContainer } from './terminate.ts'

/** Looks at everything again when nothing wakes the worker, in milliseconds. */
export const SAFETY_NET = 60_000
const DEFAULT_GRACE = 30

/** What one look at a living Pod came to. */
export interface SyncResult {
  /** Nothing runs and nothing is left to run. */
  isFinished: boolean
  /** Milliseconds until the next look. */
  wait: number
}

/** One look at a Pod that is to run: begins what is missing, ends what must go, tells the status. Waits for none of it. */
export async function syncPod(state: PodState, observed: Observed): Promise<SyncResult> {
  forgetLostSandbox(state, observed)
  watchProbes(state, observed)
  const plan = planPod(state.pod, observed, id => state.context.probes.state(id))
  const resized = await resizeContainers(state, observed)
  for (const kill of [...plan.kill, ...resized]) beginKill(state, kill, observed)
  const waits = plan.start.map(container => startWhenDue(state, container, observed))
  await reportStatus(state, observed)
  if (state.starts.size === 0) await removeOldRuns(state, observed)
  const isFinished = plan.isFinished && state.starts.size === 0
  return { isFinished, wait: Math.min(SAFETY_NET, ...waits) }
}

/** Milliseconds until the container may be started; it is begun when that is now. */
function startWhenDue(state: PodState, container: Container, observed: Observed): number {
  if (state.starts.has(container.name)) return SAFETY_NET
  const delay = crashDelay(state, container, observed)
  if (delay > 0) return delay
  const obstacle = state.obstacles.get(container.name)
  const wait = (obstacle?.retryAt ?? 0) - Date.now()
  if (wait > 0) return wait
  beginStart(state, container, observed)
  return SAFETY_NET
}

function beginKill(state: PodState, { container, containerId, why, probe }: Kill, observed: Observed): void {
  if (state.kills.has(containerId)) return
  const own = probe === 'liveness' || probe === 'startup' ? container[`${probe}Probe`] : undefined
  const grace = createGrace()
  grace.shorten(
    own?.terminationGracePeriodSeconds ?? state.pod.spec.terminationGracePeriodSeconds ?? DEFAULT_GRACE,
  )
  const podIP = readySandbox(observed)?.network?.ip || state.context.hostIP
  const kill = endContainer(state, container, { containerId, why, podIP, grace })
    .catch(error => state.context.log.warn({ containerId, error: error.message }, 'container not stopped'))
    .finally(() => {
      state.kills.delete(containerId)
      state.wake()
    })
  state.kills.set(containerId, kill)
}

/** Probes run for containers that run and have been started to the end (postStart hook included). */
function watchProbes(state: PodState, observed: Observed): void {
  const { context, pod, starts, kills } = state
  const { runtime, probes } = context
  const podIP = readySandbox(observed)?.network?.ip || context.hostIP
  for (const container of [...pod.spec.containers, ...(pod.spec.initContainers ?? [])]) {
    const [run, ...older] = observed.containers.get(container.name) ?? []
    for (const old of older) probes.forget(old.id)
    if (!run || kills.has(run.id) || starts.has(container.name)) continue
    if (!isRunning(run)) {
      probes.forget(run.id)
      continue
    }
    const before = knownReadiness(pod, run.id)
    probes.watch({
      containerId: run.id,
      container,
      podIP,
      startedAt: run.startedAt / 1e6,
      exec: execIn(runtime, run.id),
      ...(before && { before }),
    })
  }
}

/** A container that was ready stays ready over a restart of the agent. */
function knownReadiness(
  { status }: Pod,
  containerId: string,
): { started: boolean; ready: boolean } | undefined {
  const all = [...(status?.containerStatuses ?? []), ...(status?.initContainerStatuses ?? [])]
  const known = all.find(
    ({ containerID, state }) => state?.running && containerID?.endsWith(`//${containerId}`),
  )
  return known && { started: known.started ?? false, ready: known.ready }
}
