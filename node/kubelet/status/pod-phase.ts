import type { ContainerStatus, Pod, PodStatus } from '../../../api/kinds/types.ts'
import { isSidecar } from '../pods/containers-of.ts'

export type Phase = 'Pending' | 'Running' | 'Succeeded' | 'Failed'

export const isTerminal = (status: Pick<PodStatus, 'phase'> | undefined): boolean =>
  status?.phase === 'Succeeded' || status?.phase === 'Failed'

interface PhaseInputs {
  containers: ContainerStatus[]
  initContainers: ContainerStatus[]
  ephemeralContainers: ContainerStatus[]
  /** Nothing will be started any more. */
  isTerminal: boolean
}

/**
 * Pending until every container was started once, Running while one runs or will run again (core/v1 PodPhase). A Pod is
 * over only when its sidecars and ephemeral containers are, too.
 */
export function podPhase(pod: Pod, inputs: PhaseInputs): Phase {
  const phase = phaseByContainers(pod, inputs)
  const others = [...inputs.initContainers, ...inputs.ephemeralContainers]
  const mustWait = isTerminal({ phase }) && !inputs.isTerminal && others.some(({ state }) => state?.running)
  return mustWait ? 'Running' : phase
}

function phaseByContainers(pod: Pod, inputs: PhaseInputs): Phase {
  const { restartPolicy = 'Always' } = pod.spec
  const { containers } = inputs
  if (initHasFailed(pod, inputs) && restartPolicy === 'Never') return 'Failed'
  const hasWaiting = containers.some(({ state, lastState }) => !hasStarted(state) && !lastState?.terminated)
  if (initIsPending(pod, inputs) || hasWaiting || containers.length < pod.spec.containers.length) {
    return inputs.isTerminal ? 'Failed' : 'Pending'
  }
  if (containers.some(({ state }) => state?.running)) return inputs.isTerminal ? 'Failed' : 'Running'
  const exitCodes = containers.map(({ state }) => state?.terminated?.exitCode)
  const hasSucceeded = exitCodes.every(code => code === 0)
  if (inputs.isTerminal) return hasSucceeded ? 'Succeeded' : 'Failed'
  if (restartPolicy === 'Always') return 'Running'
  if (hasSucceeded) return 'Succeeded'
  return restartPolicy === 'Never' ? 'Failed' : 'Running'
}

const hasStarted = (state: ContainerStatus['state']): boolean => Boolean(state?.running || state?.terminated)

const lastExit = ({ state, lastState }: ContainerStatus): number | undefined =>
  (state?.terminated ?? (state?.waiting ? lastState?.terminated : undefined))?.exitCode

const specOf = ({ spec }: Pod, name: string): object =>
  spec.initContainers?.find(container => container.name === name) ?? {}

function initHasFailed(pod: Pod, { initContainers }: PhaseInputs): boolean {
  return initContainers.some(status => !isSidecar(specOf(pod, status.name)) && (lastExit(status) ?? 0) !== 0)
}

/** An init container has not been through; a sidecar has not started, and no main container has either. */
function initIsPending(pod: Pod, { initContainers, containers }: PhaseInputs): boolean {
  const mainStarted = containers.some(({ state, lastState }) => hasStarted(state) || lastState?.terminated)
  return initContainers.some(status => {
    if (!isSidecar(specOf(pod, status.name))) return lastExit(status) === undefined
    const { state, lastState, started } = status
    const isPending = state?.running ? !started : !state?.terminated && !lastState?.terminated
    return isPending && !mainStarted
  })
}
