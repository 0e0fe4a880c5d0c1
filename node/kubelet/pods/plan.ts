import type { Container, Pod } from '../../../api/kinds/types.ts'
import { CONTAINER_HASH, containerHash } from '../containers/labels.ts'
import type { ProbeState, ProbeType } from '../probes/probe-manager.ts'
import { ephemeralContainers, isSidecar } from './containers-of.ts'
import { hasEnded, hasSucceeded, isRunning, latestRun, type Observed, readySandbox } from './observe.ts'

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
  /** Containers to start now, in a new sandbox where there is none that is ready. */
  start: Container[]
  kill: Kill[]
  /** Nothing runs and nothing is left to run: the sandbox can go. */
  isFinished: boolean
}

type Probes = (containerId: string) => ProbeState | undefined

/** Compares a Pod with what the runtime has of it. Pure. */
export function planPod(pod: Pod, observed: Observed, probes: Probes): Plan {
  const kill = containersToKill(pod, observed, probes)
  const killed = new Set(kill.map(({ container }) => container.name))
  const start = containersToStart(pod, observed).filter(({ name }) => !killed.has(name))
  const running = [...pod.spec.containers, ...(pod.spec.initContainers ?? [])].filter(({ name }) =>
    isRunning(latestRun(observed, name)),
  )
  const hasRun = observed.containers.size > 0
  if (start.length === 0 && hasRun && running.length > 0 && running.every(isSidecar)) {
    return { start, kill: [...kill, ...sidecarsToEnd(pod, observed, killed)], isFinished: false }
  }
  return { start, kill, isFinished: start.length === 0 && hasRun && running.length === 0 }
}

/** Sidecars run as long as a main container does, or will. */
function sidecarsToEnd(pod: Pod, observed: Observed, killed: Set<string>): Kill[] {
  if (!mainIsOver(pod, observed)) return []
  return (pod.spec.initContainers ?? []).filter(isSidecar).flatMap(container => {
    const run = latestRun(observed, container.name)
    if (!run || !isRunning(run) || killed.has(container.name)) return []
    return [{ container, containerId: run.id, why: `Stopping container ${container.name}` }]
  })
}

const mainIsOver = (pod: Pod, observed: Observed): boolean =>
  pod.spec.containers.every(({ name }) => hasEnded(latestRun(observed, name))) ||
  (pod.spec.restartPolicy === 'Never' &&
    (pod.spec.initContainers ?? []).some(init => {
      const run = latestRun(observed, init.name)
      return !isSidecar(init) && hasEnded(run) && !hasSucceeded(run)
    }))

function containersToKill(pod: Pod, observed: Observed, probes: Probes): Kill[] {
  const sidecars = (pod.spec.initContainers ?? []).filter(isSidecar)
  return [...pod.spec.containers, ...sidecars].flatMap(container => {
    const run = latestRun(observed, container.name)
    if (!run || !isRunning(run)) return []
    const { name } = container
    const failed = probes(run.id)?.failed
    if (failed) {
      const why = `Container ${name} failed ${failed.type} probe, will be restarted`
      return [{ container, containerId: run.id, why, probe: failed.type }]
    }
    if (run.annotations[CONTAINER_HASH] === containerHash(container)) return []
    const why = `Container ${name} definition changed, will be restarted`
    return [{ container, containerId: run.id, why }]
  })
}

/** Init containers one after the other, then all others. What ran in an earlier sandbox has to run again. */
function containersToStart(pod: Pod, observed: Observed): Container[] {
  if (cannotStartAnew(pod, observed)) return []
  const sandboxId = readySandbox(observed)?.id
  const currentRun = (name: string) => {
    const run = latestRun(observed, name)
    return run && sandboxId !== undefined && observed.sandboxOf.get(run.id) === sandboxId ? run : undefined
  }
  const mainStarted = pod.spec.containers.some(({ name }) => currentRun(name))
  const start: Container[] = []
  for (const init of pod.spec.initContainers ?? []) {
    const run = currentRun(init.name)
    if (isSidecar(init)) {
      if (!isRunning(run) && !(mainStarted && mainIsOver(pod, observed))) start.push(init)
      if (!isRunning(run) && !mainStarted) return start
      continue
    }
    if (mainStarted || hasSucceeded(run)) continue
    if (isRunning(run) || (hasEnded(run) && pod.spec.restartPolicy === 'Never')) return start
    return [...start, init]
  }
  const main = pod.spec.containers.filter(container => mustStart(pod, container, observed, currentRun))
  const ephemeral = ephemeralContainers(pod).filter(({ name }) => !latestRun(observed, name))
  return [...start, ...main, ...(mainStarted ? ephemeral : [])]
}

/** A Pod that is to run once does not run again in another sandbox (the machine was restarted). */
function cannotStartAnew(pod: Pod, observed: Observed): boolean {
  const hasLostSandbox = observed.sandboxes.length > 0 && !readySandbox(observed)
  return (
    pod.spec.restartPolicy === 'Never' &&
    hasLostSandbox &&
    pod.spec.containers.some(({ name }) => latestRun(observed, name))
  )
}

type CurrentRun = (name: string) => ReturnType<typeof latestRun>

function mustStart(pod: Pod, container: Container, observed: Observed, currentRun: CurrentRun): boolean {
  const run = latestRun(observed, container.name)
  if (!run || run.state === 'CONTAINER_CREATED') return true
  if (isRunning(run)) return !currentRun(container.name)
  const { restartPolicy = 'Always' } = pod.spec
  return restartPolicy === 'Always' || (restartPolicy === 'OnFailure' && !hasSucceeded(run))
}
