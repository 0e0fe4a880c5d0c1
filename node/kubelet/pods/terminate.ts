import type { Container, Pod } from '../../../api/kinds/types.ts'
import { runHook } from '../containers/hooks.ts'
import type { PodContext } from './context.ts'
import { isRunning, type Observed } from './observe.ts'

/** The least a preStop hook leaves for the container itself (seconds). */
const LEAST_GRACE = 2

/** Ends a running container: preStop hook, then SIGTERM, then SIGKILL, all within its grace period. */
export async function stopContainer(
  context: PodContext,
  pod: Pod,
  container: Container,
  containerId: string,
  { seconds, why, podIP }: { seconds: number; why: string; podIP: string },
): Promise<void> {
  const list = pod.spec.containers.some(({ name }) => name === container.name)
    ? 'containers'
    : 'initContainers'
  context.recorder.event(pod, 'Normal', 'Killing', why, `spec.${list}{${container.name}}`)
  context.probes.forget(containerId)
  const started = Date.now()
  const hook = container.lifecycle?.preStop
  if (hook && seconds > 0) {
    const target = { runtime: context.runtime, containerId, container, podIP }
    await runHook(hook, target, seconds).catch(error => {
      const message = `PreStopHook failed: ${error.message}`
      context.recorder.event(pod, 'Warning', 'FailedPreStopHook', message, `spec.${list}{${container.name}}`)
    })
  }
  const left = Math.ceil(seconds - (Date.now() - started) / 1000)
  await context.runtime.stopContainer(containerId, seconds > 0 ? Math.max(LEAST_GRACE, left) : 0)
}

/** Ends all containers of a Pod: the main ones together, then sidecars in reverse order. */
export async function stopPod(
  context: PodContext,
  pod: Pod,
  observed: Observed,
  seconds: number,
): Promise<void> {
  const podIP = observed.sandboxes[0]?.network?.ip ?? ''
  const stop = async (container: Container): Promise<void> => {
    for (const run of observed.containers.get(container.name) ?? []) {
      if (!isRunning(run)) continue
      await stopContainer(context, pod, container, run.id, {
        seconds,
        why: `Stopping container ${container.name}`,
        podIP,
      })
    }
  }
  await Promise.all(pod.spec.containers.map(stop))
  for (const container of [...(pod.spec.initContainers ?? [])].reverse()) await stop(container)
}
