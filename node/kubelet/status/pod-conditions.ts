import type { ContainerStatus, Pod, PodCondition } from '../../../api/kinds/types.ts'
import { now } from '../../../api/meta/time.ts'
import { isSidecar } from '../pods/containers-of.ts'
import type { Phase } from './pod-phase.ts'
import type { Resize } from './resize-verdict.ts'

interface ConditionInputs {
  containers: ContainerStatus[]
  initContainers: ContainerStatus[]
  hasSandbox: boolean
  /** Why the kubelet ended the Pod, if it did. */
  disruption: { reason: string; message: string } | undefined
  /** How far a change of its resources is. */
  resize: Resize | undefined
}

/** Types of conditions the kubelet takes away again; all others stay. */
export const PASSING_CONDITIONS: readonly string[] = ['PodResizePending', 'PodResizeInProgress']

type Verdict = Pick<PodCondition, 'status' | 'reason' | 'message'>

/** The kubelet's conditions of a Pod; `before` gives the times of those that did not change. */
export function podConditions(
  pod: Pod,
  inputs: ConditionInputs,
  phase: Phase,
  before: readonly PodCondition[],
): PodCondition[] {
  const ready = containersReady(pod, inputs, phase)
  const { resize } = inputs
  const verdicts: Record<string, Verdict> = {
    ...(inputs.disruption && { DisruptionTarget: { status: 'True', ...inputs.disruption } }),
    PodReadyToStartContainers: { status: inputs.hasSandbox ? 'True' : 'False' },
    Initialized: initialized(pod, inputs, phase),
    Ready: podReady(pod, ready),
    ContainersReady: ready,
    PodScheduled: { status: 'True' },
    ...(resize && { [resize.type]: resizeVerdict(resize) }),
  }
  const { generation } = pod.metadata
  return Object.keys(verdicts).map(type => {
    const verdict = verdicts[type]!
    const last = before.find(condition => condition.type === type)
    return {
      type,
      ...(generation !== undefined && { observedGeneration: generation }),
      lastProbeTime: null!,
      lastTransitionTime: last?.status === verdict.status ? (last.lastTransitionTime ?? now()) : now(),
      ...verdict,
    }
  })
}

const resizeVerdict = ({ reason, message }: Resize): Verdict => ({
  status: 'True',
  ...(reason && { reason }),
  ...(message && { message }),
})

function initialized(pod: Pod, { initContainers, containers }: ConditionInputs, phase: Phase): Verdict {
  if (phase === 'Succeeded') return { status: 'True', reason: 'PodCompleted' }
  const mainStarted = containers.some(({ state, lastState }) => {
    return state?.running || state?.terminated || lastState?.terminated
  })
  const isDone = ({ name, state, lastState, started }: ContainerStatus): boolean => {
    if (isSidecar(specOf(pod, name))) return started === true || Boolean(mainStarted)
    return (state?.terminated ?? lastState?.terminated)?.exitCode === 0
  }
  const missing = initContainers.filter(status => !isDone(status)).map(({ name }) => name)
  if (missing.length === 0) return { status: 'True' }
  const message = `containers with incomplete status: [${missing.join(' ')}]`
  return { status: 'False', reason: 'ContainersNotInitialized', message }
}

const specOf = ({ spec }: Pod, name: string): object =>
  spec.initContainers?.find(container => container.name === name) ?? {}

function containersReady(pod: Pod, { containers, initContainers }: ConditionInputs, phase: Phase): Verdict {
  if (phase === 'Succeeded') return { status: 'False', reason: 'PodCompleted' }
  if (phase === 'Failed') return { status: 'False', reason: 'PodFailed' }
  const sidecars = initContainers.filter(({ name }) => isSidecar(specOf(pod, name)))
  const unready = [...sidecars, ...containers].filter(({ ready }) => !ready).map(({ name }) => name)
  if (unready.length === 0) return { status: 'True' }
  const message = `containers with unready status: [${unready.join(' ')}]`
  return { status: 'False', reason: 'ContainersNotReady', message }
}

/** Ready: all containers are, and whoever was given a readiness gate has opened it. */
function podReady({ spec, status }: Pod, containers: Verdict): Verdict {
  if (containers.status !== 'True') return containers
  const faults = (spec.readinessGates ?? []).flatMap(({ conditionType }) => {
    const condition = status?.conditions?.find(({ type }) => type === conditionType)
    if (condition?.status === 'True') return []
    const what = `pod readiness gate "${conditionType}"`
    return condition
      ? `the status of ${what} is not "True", but ${condition.status}`
      : `corresponding condition of ${what} does not exist.`
  })
  if (faults.length === 0) return { status: 'True' }
  return { status: 'False', reason: 'ReadinessGatesNotReady', message: faults.join(', ') }
}
