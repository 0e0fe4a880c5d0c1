import type { Container } from '../../../api/kinds/types.ts'
import { containerPath } from './containers-of.ts'
import { crashKey } from './context.ts'
import { latestRun, type Observed } from './observe.ts'
import type { PodState } from './pod-state.ts'

const REASON = 'CrashLoopBackOff'

/**
 * Milliseconds a container that ended must wait before it is started again; while it waits its status says
 * CrashLoopBackOff.
 */
export function crashDelay(state: PodState, { name }: Container, observed: Observed): number {
  const run = latestRun(observed, name)
  if (run?.state !== 'CONTAINER_EXITED') return 0
  const delay = state.context.crashes.delay(crashKey(state.pod, name))
  const remaining = run.finishedAt / 1e6 + delay - Date.now()
  if (delay === 0 || remaining <= 0) return 0
  noteBackoff(state, name, delay, Date.now() + remaining)
  return remaining
}

function noteBackoff({ pod, obstacles, context }: PodState, name: string, delay: number, retryAt: number) {
  const { name: podName, namespace, uid } = pod.metadata
  const where = `${podName}_${namespace}(${uid})`
  const known = obstacles.get(name)?.reason
  const message = `back-off ${formatDelay(delay)} restarting failed container=${name} pod=${where}`
  obstacles.set(name, { reason: REASON, message, retryAt })
  if (known === REASON) return
  const text = `Back-off restarting failed container ${name} in pod ${where}`
  context.recorder.event(pod, 'Warning', 'BackOff', text, containerPath(pod, name))
}

/** `10s`, `1m20s`, `5m0s`, as Go prints durations. */
function formatDelay(milliseconds: number): string {
  const seconds = Math.round(milliseconds / 1000)
  return seconds < 60 ? `${seconds}s` : `${Math.floor(seconds / 60)}m${seconds % 60}s`
}
