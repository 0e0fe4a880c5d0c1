import type { Container, Pod } from '../../../api/kinds/types.ts'
import { CONTAINER_HASH, containerHash } from '../containers/labels.ts'
import type { ProbeState, ProbeType } from '../probes/probe-manager.ts'
import { isSidecar } from '../status/pod-status.ts'
import { isRunning, latestRun, type Observed, readySandbox } from './observe.ts'

/** A running container that must be ended, and why. */
export interface Kill {
  container: Container
  containerId: string
  why: string
  /** Set when a probe decided: its own grace period may hold. */
  probe?: ProbeType
}

/** What must be done for a Pod to be as its spec says. */
export interface Plan {
  /** A sandbox must be made (and the one there, if any, be cleared away). */
  createSandbox: boolean
  /** Containers to start now. */
  start: Container[]
  kill: Kill[]
  /** Nothing is left to run: the sandbox can go. */
  finished: boolean
}

/** Compares a Pod with what the runtime has of it. Pure. */
export function planPod(
  pod: Pod,
  observed: Observed,
  probes: (containerId: string) => ProbeState | undefined,
): Plan {
  const kill = containersToKill(pod, observed, probes)
  const start = containersToStart(pod, observed)
  const anyRunning = [...observed.containers.values()].some(runs => isRunning(runs[0]))
  const finished = start.length === 0 && !anyRunning && observed.containers.size > 0
  return { createSandbox: !readySandbox(observed) && start.length > 0, start, kill, finished }
}

function containersToKill(
  pod: Pod,
  observed: Observed,
  probes: (id: string) => ProbeState | undefined,
): Kill[] {
  const sidecars = (pod.spec.initContainers ?? []).filter(isSidecar)
  return [...pod.spec.containers, ...sidecars].flatMap(container => {
    const run = latestRun(observed, container.name)
    if (!run || !isRunning(run)) return []
    const failed = probes(run.id)?.failed
    if (failed) {
      const why = `Container ${container.name} failed ${failed.type} probe, will be restarted`
      return [{ container, containerId: run.id, why, probe: failed.type }]
    }
    if (run.annotations[CONTAINER_HASH] === containerHash(container)) return []
    return [
      {
        container,
        containerId: run.id,
        why: `Container ${container.name} definition changed, will be restarted`,
      },
    ]
  })
}

/** Init containers one after the other, then all others; a run of another sandbox counts for nothing but its result. */
function containersToStart(pod: Pod, observed: Observed): Container[] {
  const sandboxId = readySandbox(observed)?.id
  const isOfSandbox = (id: string): boolean =>
    sandboxId !== undefined && observed.sandboxOf.get(id) === sandboxId
  const mainStarted = pod.spec.containers.some(({ name }) => {
    const run = latestRun(observed, name)
    return run !== undefined && isOfSandbox(run.id)
  })
  const start: Container[] = []
  for (const init of pod.spec.initContainers ?? []) {
    const run = latestRun(observed, init.name)
    const current = run && isOfSandbox(run.id) ? run : undefined
    if (isSidecar(init)) {
      if (!isRunning(current)) start.push(init)
      if (!isRunning(current) && !mainStarted) return start
      continue
    }
    if (mainStarted) continue
    if (current?.state === 'CONTAINER_EXITED' && current.exitCode === 0) continue
    if (isRunning(current)) return start
    if (current?.state === 'CONTAINER_EXITED' && pod.spec.restartPolicy === 'Never') return start
    return [...start, init]
  }
  return [
    ...start,
    ...pod.spec.containers.filter(container => mustStart(pod, container, observed, isOfSandbox)),
  ]
}

function mustStart(
  pod: Pod,
  container: Container,
  observed: Observed,
  isOfSandbox: (id: string) => boolean,
): boolean {
  const run = latestRun(observed, container.name)
  if (!run || run.state === 'CONTAINER_CREATED') return true
  if (isRunning(run)) return !isOfSandbox(run.id)
  const { restartPolicy = 'Always' } = pod.spec
  if (restartPolicy === 'Always') return true
  return restartPolicy === 'OnFailure' && run.exitCode !== 0
}
