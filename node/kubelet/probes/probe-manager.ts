import type { Container, Probe } from '../../../api/kinds/types.ts'
import { type Exec, runProbe } from './check.ts'
import type { ProbeResult } from './result.ts'

export type ProbeType = 'startup' | 'readiness' | 'liveness'

/** A running container whose probes are wanted. */
export interface ProbeTarget {
  containerId: string
  container: Container
  podIP: string
  startedAt: number
  exec: Exec
  /** What an earlier agent had found of this container: it stays so until a probe says otherwise. */
  before?: { started: boolean; ready: boolean }
}

/** What the probes of a container say now. */
export interface ProbeState {
  started: boolean
  ready: boolean
  /** Set when the liveness or startup probe failed too often: the container must be restarted. */
  failed: { type: ProbeType; message: string } | undefined
}

export interface ProbeManager {
  /** Starts the probes of a container; does nothing when they run already. */
  watch(target: ProbeTarget): void
  /** Stops the probes of a container. */
  forget(containerId: string): void
  /** Undefined for a container that is not watched. */
  state(containerId: string): ProbeState | undefined
  /** Stops everything. */
  stop(): void
}

interface ProbeManagerOptions {
  /** Called when a container's state changed. */
  onChange(containerId: string): void
  /** Called with every failed probe, for the Unhealthy event. */
  onFailure(target: ProbeTarget, type: ProbeType, message: string): void
  /** Called with every probe. */
  onResult?(target: ProbeTarget, type: ProbeType, ok: boolean): void
}

export function createProbeManager(options: ProbeManagerOptions): ProbeManager {
  const watched = new Map<string, { state: ProbeState; stop(): void }>()
  const forget = (id: string): void => {
    watched.get(id)?.stop()
    watched.delete(id)
  }
  return {
    watch(target) {
      if (!watched.has(target.containerId)) watched.set(target.containerId, probeContainer(target, options))
    },
    forget,
    state: id => watched.get(id)?.state,
    stop: () => [...watched.keys()].forEach(forget),
  }
}

/** Liveness and readiness wait until the startup probe has succeeded once. */
function probeContainer(
  target: ProbeTarget,
  options: ProbeManagerOptions,
): { state: ProbeState; stop(): void } {
  const { container, containerId } = target
  const stopped = new AbortController()
  const state: ProbeState = {
    started: !container.startupProbe || target.before?.started === true,
    ready: !container.readinessProbe || target.before?.ready === true,
    failed: undefined,
  }
  const change = (next: Partial<ProbeState>): void => {
    Object.assign(state, next)
    options.onChange(containerId)
  }
  const run = (
    type: ProbeType,
    probe: Probe | undefined,
    decided: (ok: boolean, message: string) => void,
  ): void => {
    if (probe) void keepProbing(type, probe, target, stopped.signal, options, decided)
  }
  const runOthers = (): void => {
    run('readiness', container.readinessProbe, ok => {
      if (ok !== state.ready) change({ ready: ok })
    })
    run('liveness', container.livenessProbe, (ok, message) => {
      if (!ok) change({ failed: { type: 'liveness', message } })
    })
  }
  if (state.started) runOthers()
  else
    run('startup', container.startupProbe, (ok, message) => {
      if (!ok) return change({ failed: { type: 'startup', message } })
      if (state.started) return
      change({ started: true })
      runOthers()
    })
  return { state, stop: () => stopped.abort() }
}

/** While a container is not ready its readiness probe comes early, so that it gets traffic as soon as it can serve. */
const EAGER_PERIODS = [50, 100, 200, 400]

async function keepProbing(
  type: ProbeType,
  probe: Probe,
  target: ProbeTarget,
  signal: AbortSignal,
  { onFailure, onResult }: ProbeManagerOptions,
  decided: (ok: boolean, message: string) => void,
): Promise<void> {
  const period = (probe.periodSeconds ?? 10) * 1000
  const eager = type === 'liveness' ? [] : [...EAGER_PERIODS]
  let successes = 0
  let failures = 0
  await pause(target.startedAt + (probe.initialDelaySeconds ?? 0) * 1000 - Date.now(), signal)
  while (!signal.aborted) {
    const { ok, message } = await safely(runProbe(probe, target.container, target.podIP, target.exec))
    if (signal.aborted) return
    onResult?.(target, type, ok)
    const isEarly = !ok && eager.length > 0
    if (ok) {
      successes += 1
      failures = 0
      if (successes >= (probe.successThreshold ?? 1)) decided(true, message)
      if (type === 'startup' && successes >= 1) return
    } else if (!isEarly) {
      failures += 1
      successes = 0
      onFailure(target, type, message)
      if (failures >= (probe.failureThreshold ?? 3)) decided(false, message)
    }
    const wait = isEarly ? Math.min(eager.shift()!, period) : period
    if (ok) eager.length = 0
    await pause(wait, signal)
  }
}

const safely = (probe: Promise<ProbeResult>): Promise<ProbeResult> =>
  probe.catch(error => ({ ok: false, message: (error as Error).message }))

function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise(resolve => {
    const done = (): void => {
      clearTimeout(timer)
      signal.removeEventListener('abort', done)
      resolve()
    }
    const timer = setTimeout(done, Math.max(0, milliseconds))
    signal.addEventListener('abort', done)
    if (signal.aborted) done()
  })
}
