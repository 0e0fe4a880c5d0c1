import type { Container } from '../../../api/kinds/types.ts'
import type { RuntimePlugin } from '../../../plugins/runtime.ts'
import { runHook } from '../containers/hooks.ts'
import { containerPath, ephemeralContainers } from './containers-of.ts'
import type { Grace } from './grace.ts'
import { isRunning, type Observed, readySandbox } from './observe.ts'
import type { PodState } from './pod-state.ts'

/** The least a preStop hook leaves for the container itself (seconds). */
const LEAST_GRACE = 2

interface Ending {
  containerId: string
  /** The message of the Killing event. */
  why: string
  podIP: string
  grace: Grace
}

/** Ends a running container: preStop hook, then SIGTERM, then SIGKILL, all within its grace period. */
export async function endContainer(state: PodState, container: Container, ending: Ending): Promise<void> {
  const { context, pod } = state
  const { containerId, why, grace, podIP } = ending
  context.recorder.event(pod, 'Normal', 'Killing', why, containerPath(pod, container.name))
  context.probes.forget(containerId)
  const hadTime = (grace.secondsLeft() ?? 0) > 0
  if (hadTime) await runPreStop(state, container, containerId, podIP, grace)
  await stopWithin(context.runtime, containerId, grace, hadTime ? LEAST_GRACE : 0)
}

async function runPreStop(
  { context, pod }: PodState,
  container: Container,
  containerId: string,
  podIP: string,
  grace: Grace,
): Promise<void> {
  const hook = container.lifecycle?.preStop
  if (!hook) return
  const target = { runtime: context.runtime, containerId, container, podIP }
  const running = runHook(hook, target, Math.ceil(grace.secondsLeft() ?? 0)).catch(() => {
    const path = containerPath(pod, container.name)
    context.recorder.event(pod, 'Warning', 'FailedPreStopHook', 'PreStopHook failed', path)
  })
  await Promise.race([running, timeIsUp(grace)])
}

/** Resolves when the grace period is over, however much shorter it gets. */
async function timeIsUp(grace: Grace): Promise<void> {
  for (let left = grace.secondsLeft(); left; left = grace.secondsLeft()) {
    let timer: NodeJS.Timeout | undefined
    const end = new Promise<void>(resolve => {
      timer = setTimeout(resolve, left! * 1000)
    })
    await Promise.race([end, grace.changed()])
    clearTimeout(timer)
  }
}

/** Stops a container; each time its grace period gets shorter the runtime is asked again, with less time. */
async function stopWithin(runtime: RuntimePlugin, id: string, grace: Grace, least: number): Promise<void> {
  const seconds = (): number => Math.max(least, Math.ceil(grace.secondsLeft() ?? 0))
  let stopped = runtime.stopContainer(id, seconds()).then(() => true)
  for (;;) {
    const isStopped = await Promise.race([stopped, grace.changed().then(() => false)])
    if (isStopped) return
    const earlier = stopped
    const again = runtime.stopContainer(id, seconds()).then(() => true)
    stopped = Promise.any([earlier, again])
  }
}

/** Ends all containers of a Pod: the main ones together, then sidecars and init containers in reverse order. */
export async function endContainers(state: PodState, observed: Observed): Promise<void> {
  const { pod, grace } = state
  const podIP = readySandbox(observed)?.network?.ip || state.context.hostIP
  const end = async (container: Container): Promise<void> => {
    const running = (observed.containers.get(container.name) ?? []).filter(isRunning)
    const why = `Stopping container ${container.name}`
    await Promise.all(
      running.map(({ id }) => endContainer(state, container, { containerId: id, why, podIP, grace })),
    )
  }
  await Promise.all([...pod.spec.containers, ...ephemeralContainers(pod)].map(end))
  for (const container of [...(pod.spec.initContainers ?? [])].reverse()) await end(container)
}
