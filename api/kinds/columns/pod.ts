import type { ContainerStatus, Pod } from '../types.ts'
import { since } from './duration.ts'

type Container = Pod['spec']['containers'][number]

/** What `kubectl get pods` says of a Pod. */
export interface PodSummary {
  ready: string
  status: string
  restarts: string
}

/** READY, STATUS and RESTARTS of a Pod, by the rules of kube-apiserver's printer. */
export function summarizePod(pod: Pod, now: Date): PodSummary {
  const init = readInitContainers(pod)
  const main = init.running ? undefined : readContainers(pod)
  const sidecars = init.sidecarsReady
  const total = pod.spec.containers.length + sidecarNames(pod).size
  const restarts = (main?.restarts ?? 0) + (init.running ? init.restarts : init.sidecarRestarts)
  const last = latest(main?.lastRestart, init.running ? init.lastRestart : init.lastSidecarRestart)
  return {
    ready: `${(main?.ready ?? 0) + sidecars}/${total}`,
    status: overall(pod, init.reason ?? main?.reason ?? phaseReason(pod)),
    restarts: restarts > 0 && last ? `${restarts} (${since(last, now)} ago)` : String(restarts),
  }
}

function phaseReason(pod: Pod): string {
  const gated = (pod.status?.conditions ?? []).some(
    ({ type, reason }) => type === 'PodScheduled' && reason === 'SchedulingGated',
  )
  return pod.status?.reason || (gated ? 'SchedulingGated' : (pod.status?.phase ?? ''))
}

function overall(pod: Pod, reason: string): string {
  if (!pod.metadata.deletionTimestamp) return reason
  if (pod.status?.reason === 'NodeLost') return 'Unknown'
  const isOver = pod.status?.phase === 'Failed' || pod.status?.phase === 'Succeeded'
  return isOver ? reason : 'Terminating'
}

const isSidecar = (container: Container): boolean =>
  (container as { restartPolicy?: string }).restartPolicy === 'Always'

const sidecarNames = (pod: Pod): Set<string> =>
  new Set((pod.spec.initContainers ?? []).filter(isSidecar).map(({ name }) => name))

interface InitState {
  /** Set while the init containers decide the status. */
  reason: string | undefined
  running: boolean
  restarts: number
  lastRestart: string | undefined
  sidecarsReady: number
  sidecarRestarts: number
  lastSidecarRestart: string | undefined
}

function readInitContainers(pod: Pod): InitState {
  const sidecars = sidecarNames(pod)
  const statuses = pod.status?.initContainerStatuses ?? []
  const state: InitState = {
    reason: undefined,
    running: false,
    restarts: 0,
    lastRestart: undefined,
    sidecarsReady: 0,
    sidecarRestarts: 0,
    lastSidecarRestart: undefined,
  }
  statuses.forEach((status, i) => {
    state.restarts += status.restartCount
    state.lastRestart = latest(state.lastRestart, status.lastState?.terminated?.finishedAt)
    const isDone = status.state?.terminated?.exitCode === 0
    const isStarted = sidecars.has(status.name) && status.started === true
    if (sidecars.has(status.name)) {
      state.sidecarRestarts += status.restartCount
      state.lastSidecarRestart = latest(state.lastSidecarRestart, status.lastState?.terminated?.finishedAt)
      if (isStarted && status.ready) state.sidecarsReady += 1
    }
    if (isDone || isStarted || state.running) return
    state.running = true
    state.reason = `Init:${initReason(status) ?? `${i}/${pod.spec.initContainers?.length ?? 0}`}`
  })
  if (state.running && isInitialized(pod)) return { ...state, running: false, reason: undefined }
  return state
}

const isInitialized = (pod: Pod): boolean =>
  (pod.status?.conditions ?? []).some(({ type, status }) => type === 'Initialized' && status === 'True')

function initReason({ state }: ContainerStatus): string | undefined {
  if (state?.terminated) return terminatedReason(state.terminated)
  const waiting = state?.waiting?.reason
  return waiting && waiting !== 'PodInitializing' ? waiting : undefined
}

function terminatedReason({
  reason,
  signal,
  exitCode,
}: {
  reason?: string
  signal?: number
  exitCode: number
}): string {
  if (reason) return reason
  return signal ? `Signal:${signal}` : `ExitCode:${exitCode}`
}

interface MainState {
  reason: string
  ready: number
  restarts: number
  lastRestart: string | undefined
}

function readContainers(pod: Pod): MainState {
  const main: MainState = { reason: phaseReason(pod), ready: 0, restarts: 0, lastRestart: undefined }
  let hasRunning = false
  for (const status of [...(pod.status?.containerStatuses ?? [])].reverse()) {
    main.restarts += status.restartCount
    main.lastRestart = latest(main.lastRestart, status.lastState?.terminated?.finishedAt)
    const { state } = status
    if (state?.waiting?.reason) main.reason = state.waiting.reason
    else if (state?.terminated) main.reason = terminatedReason(state.terminated)
    else if (status.ready && state?.running) {
      hasRunning = true
      main.ready += 1
    }
  }
  if (main.reason === 'Completed' && hasRunning) main.reason = isReady(pod) ? 'Running' : 'NotReady'
  return main
}

const isReady = (pod: Pod): boolean =>
  (pod.status?.conditions ?? []).some(({ type, status }) => type === 'Ready' && status === 'True')

function latest(a: string | undefined, b: string | undefined): string | undefined {
  if (!a || !b) return a ?? b
  return a > b ? a : b
}

/** `2/3` of the readiness gates are met; `<none>` without any. */
export function readinessGates(pod: Pod): string {
  const gates = pod.spec.readinessGates ?? []
  if (gates.length === 0) return '<none>'
  const met = gates.filter(({ conditionType }) =>
    (pod.status?.conditions ?? []).some(({ type, status }) => type === conditionType && status === 'True'),
  )
  return `${met.length}/${gates.length}`
}
