import { rm } from 'node:fs/promises'
import { pods } from '../../../api/kinds/core.ts'
import { isConflict, isNotFound } from '../../../api/meta/status.ts'
import { reportStatus } from '../status/report.ts'
import { cgroupParent, removePodCgroup } from './cgroups.ts'
import { allContainers } from './containers-of.ts'
import { crashKey, podLogDir } from './context.ts'
import type { Observed } from './observe.ts'
import { disown } from './owners.ts'
import { observePod, type PodState } from './pod-state.ts'
import { endContainers } from './terminate.ts'

const DEFAULT_GRACE = 30

/**
 * The Pod is over (all done, a deadline, evicted): nothing runs any more and what it held is given back. Its last
 * containers stay for their logs, its object stays as it is.
 */
export async function finishPod(state: PodState): Promise<void> {
  state.leaving.abort()
  state.grace.shorten(state.pod.spec.terminationGracePeriodSeconds ?? DEFAULT_GRACE)
  const after = await endAll(state)
  await reportStatus(state, after, { isTerminal: true })
  const { runtime } = state.context
  const standing = after.sandboxes.filter(sandbox => sandbox.state === 'SANDBOX_READY')
  await Promise.all(standing.map(({ id }) => runtime.stopPodSandbox(id)))
  await giveBack(state)
  markCleared(state)
}

/** Deletion was asked for: ends the containers, tells their last status, takes everything away, lets the object go. */
export async function deletePod(state: PodState): Promise<void> {
  const { context, pod } = state
  state.leaving.abort()
  const after = await endAll(state)
  await reportStatus(state, after, { isTerminal: true })
  await removeAll(state, after)
  await state.status.flush()
  const { name, namespace, uid } = pod.metadata
  const options = { gracePeriodSeconds: 0, preconditions: { uid: uid! } }
  await context.client.delete(pods, { name, namespace }, options).catch(error => {
    if (!isNotFound(error) && !isConflict(error)) throw error
  })
  markCleared(state)
  state.isDeleted = true
}

/** The object is gone: ends what still runs and takes everything away. */
export async function clearPod(state: PodState): Promise<void> {
  state.leaving.abort()
  if (!state.isCleared) await removeAll(state, await endAll(state))
  markCleared(state)
  await rm(podLogDir(state.context, state.pod), { recursive: true, force: true })
  disown(state.context.owners, state)
}

function markCleared(state: PodState): void {
  state.isCleared = true
  state.cleared.resolve()
}

/** What was being started is waited for, so that nothing comes up behind. */
async function endAll(state: PodState): Promise<Observed> {
  await Promise.all(state.starts.values())
  await state.sandbox?.made.catch(() => {})
  await endContainers(state, await observePod(state))
  await Promise.all(state.kills.values())
  state.obstacles.clear()
  return observePod(state)
}

async function removeAll(state: PodState, { sandboxes, containers }: Observed): Promise<void> {
  const { runtime, probes, crashes } = state.context
  for (const runs of containers.values()) for (const { id } of runs) probes.forget(id)
  for (const { name } of allContainers(state.pod)) crashes.forget(crashKey(state.pod, name))
  await Promise.all(sandboxes.map(({ id }) => runtime.stopPodSandbox(id)))
  await Promise.all(sandboxes.map(({ id }) => runtime.removePodSandbox(id)))
  await giveBack(state)
}

async function giveBack({ context, pod }: PodState): Promise<void> {
  await context.volumes.unmount(pod.metadata.uid!)
  await removePodCgroup(cgroupParent(pod))
}
