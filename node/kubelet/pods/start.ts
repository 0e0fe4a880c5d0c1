import type { Container } from '../../../api/kinds/types.ts'
import type { MountedVolume } from '../../../plugins/volume.ts'
import { ensureImage, StartError, startContainer } from '../containers/start.ts'
import { ImageError } from '../images/images.ts'
import { VolumeError } from '../volumes/volume-manager.ts'
import { crashKey } from './context.ts'
import { hasEnded, latestRun, type Observed, restartCountOf } from './observe.ts'
import { LeavingError, type PodState, unlessLeaving } from './pod-state.ts'
import { ensureSandbox, SandboxError } from './sandbox.ts'

/** Runs longer than this are no crashes (milliseconds). */
const STEADY_RUN = 600_000
/** Tries again, in milliseconds, what failed for a reason that may pass soon. */
const RETRY = 2_000
const RETRY_UNKNOWN = 1_000

/** Begins to start a container, unless that is under way. */
export function beginStart(state: PodState, container: Container, observed: Observed): void {
  const { name } = container
  if (state.starts.has(name)) return
  const start = startOne(state, container, observed)
    .catch(error => noteFailure(state, container, error as Error))
    .finally(() => {
      state.starts.delete(name)
      state.wake()
    })
  state.starts.set(name, start)
}

/** Image, volumes and sandbox are made ready at the same time. */
async function startOne(state: PodState, container: Container, observed: Observed): Promise<void> {
  const { context, pod, obstacles } = state
  const last = latestRun(observed, container.name)
  const isFirst = state.sandbox === undefined
  const sandboxReady = isFirst
    ? context.pace.run('normal', () => ensureSandbox(state, observed))
    : ensureSandbox(state, observed)
  const [image, volumes, sandbox] = await Promise.all([
    unlessLeaving(state, ensureImage(context, pod, container, state.leaving.signal)),
    unlessLeaving(state, mountVolumes(state)),
    sandboxReady,
  ])
  if (last && hasEnded(last)) countCrash(state, container, last)
  const restartCount = last ? restartCountOf(last) + 1 : restartsBefore(state, container)
  await context.pace.run('urgent', async () => {
    state.leaving.signal.throwIfAborted()
    await startContainer(state, container, image, { sandbox, volumes, restartCount })
  })
  obstacles.delete(container.name)
}

/** The count goes on from the status where the runtime has lost the container's earlier runs. */
function restartsBefore({ pod }: PodState, { name }: Container): number {
  const { containerStatuses = [], initContainerStatuses = [] } = pod.status ?? {}
  const before = [...containerStatuses, ...initContainerStatuses].find(status => status.name === name)
  const hasRun = before?.state?.running || before?.state?.terminated || before?.lastState?.terminated
  return before && hasRun ? before.restartCount + 1 : 0
}

function mountVolumes(state: PodState): Promise<Map<string, MountedVolume>> {
  state.volumes ??= state.context.volumes.mount(state.pod)
  state.volumes.catch(() => {
    state.volumes = undefined
  })
  return state.volumes
}

/** The first restart comes at once; each further one waits longer unless the container ran for ten minutes. */
function countCrash(
  { context, pod }: PodState,
  { name }: Container,
  last: { startedAt: number; finishedAt: number },
): void {
  const key = crashKey(pod, name)
  const isSteady = last.startedAt > 0 && (last.finishedAt - last.startedAt) / 1e6 > STEADY_RUN
  if (isSteady) context.crashes.forget(key)
  context.crashes.fail(key)
}

function noteFailure(state: PodState, { name }: Container, error: Error): void {
  const { context, pod, obstacles, retries } = state
  if (error instanceof LeavingError || state.leaving.signal.aborted) return
  const wait = (key: string): number => {
    if (retries.remaining(key) === 0) retries.fail(key)
    return Date.now() + retries.remaining(key)
  }
  const { reason = 'ContainerCreating', message } = obstacles.get(name) ?? {}
  const waiting = { reason, ...(message && { message }) }
  if (error instanceof ImageError || error instanceof StartError) {
    const delay = error instanceof ImageError && error.reason !== 'ErrImagePull' ? error.retryAfter : RETRY
    obstacles.set(name, { reason: error.reason, message: error.message, retryAt: Date.now() + delay })
  } else if (error instanceof VolumeError) {
    context.recorder.event(pod, 'Warning', 'FailedMount', error.message)
    obstacles.set(name, { ...waiting, retryAt: wait('volumes') })
  } else if (error instanceof SandboxError) {
    obstacles.set(name, { ...waiting, retryAt: wait('sandbox') })
  } else {
    const { namespace, name: podName } = pod.metadata
    const details = { pod: `${namespace}/${podName}`, container: name, error: error.message }
    context.log.warn(details, 'container not started, trying again')
    obstacles.set(name, { ...waiting, retryAt: Date.now() + RETRY_UNKNOWN })
  }
}
