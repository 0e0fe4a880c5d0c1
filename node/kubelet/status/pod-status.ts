import type { ContainerStatus, Pod, PodCondition, PodStatus } from '../../../api/kinds/types.ts'
import { now } from '../../../api/meta/time.ts'
import { qosClass } from '../pods/cgroups.ts'

/** What the status of a Pod is computed from. */
export interface StatusInputs {
  containers: ContainerStatus[]
  initContainers: ContainerStatus[]
  podIPs: string[]
  hostIP: string
  hasSandbox: boolean
  /** The Pod was ended by the kubelet (deadline, eviction). */
  ended: { reason: string; message: string } | undefined
  startTime: string
}

type Phase = 'Pending' | 'Running' | 'Succeeded' | 'Failed'

export const isSidecar = (container: object): boolean =>
  (container as { restartPolicy?: string }).restartPolicy === 'Always'

/** The whole status of a Pod, with the conditions others own kept as they are. */
export function podStatus(pod: Pod, inputs: StatusInputs): PodStatus {
  const phase = inputs.ended ? 'Failed' : podPhase(pod, inputs)
  const { podIPs, hostIP } = inputs
  return {
    phase,
    conditions: conditions(pod, inputs, phase),
    ...(inputs.ended && inputs.ended),
    ...(hostIP && { hostIP, hostIPs: [{ ip: hostIP }] }),
    ...(podIPs.length > 0 && { podIP: podIPs[0]!, podIPs: podIPs.map(ip => ({ ip })) }),
    startTime: inputs.startTime,
    qosClass: qosClass(pod),
    ...(inputs.initContainers.length > 0 && { initContainerStatuses: inputs.initContainers }),
    containerStatuses: inputs.containers,
  }
}

/** Pending until every container was started once; Running while one runs or will run again. */
export function podPhase({ spec, status }: Pod, { containers, initContainers }: StatusInputs): Phase {
  const { restartPolicy = 'Always' } = spec
  const required = initContainers.filter(
    ({ name }) => !isSidecar(spec.initContainers!.find(init => init.name === name)!),
  )
  const failedInit = required.some(({ state }) => state?.terminated && state.terminated.exitCode !== 0)
  if (failedInit && restartPolicy === 'Never') return 'Failed'
  if (
    required.some(
      ({ state, lastState }) =>
        !state?.terminated && !(state?.waiting && lastState?.terminated?.exitCode === 0),
    )
  ) {
    return 'Pending'
  }
  const neverStarted = containers.some(({ state, lastState }) => state?.waiting && !lastState?.terminated)
  if (containers.length < spec.containers.length || neverStarted)
    return status?.phase === 'Running' ? 'Running' : 'Pending'
  const ended = containers.filter(({ state }) => state?.terminated)
  if (ended.length < containers.length || restartPolicy === 'Always') return 'Running'
  const hasFailed = ended.some(({ state }) => state!.terminated!.exitCode !== 0)
  if (!hasFailed) return 'Succeeded'
  return restartPolicy === 'OnFailure' ? 'Running' : 'Failed'
}

const OWN_TYPES = new Set(['PodReadyToStartContainers', 'Initialized', 'ContainersReady', 'Ready'])

type NewCondition = Pick<PodCondition, 'type' | 'status' | 'reason' | 'message'>

function conditions(pod: Pod, inputs: StatusInputs, phase: Phase): PodCondition[] {
  const before = new Map((pod.status?.conditions ?? []).map(condition => [condition.type, condition]))
  const ready = containersReady(pod, inputs, phase)
  const own: NewCondition[] = [
    { type: 'PodReadyToStartContainers', status: inputs.hasSandbox ? 'True' : 'False' },
    initialized(pod, inputs, phase),
    { ...ready, type: 'ContainersReady' },
    { ...podReady(pod, ready), type: 'Ready' },
  ]
  const others = [...before.values()].filter(({ type }) => !OWN_TYPES.has(type))
  const scheduled: NewCondition[] = before.has('PodScheduled')
    ? []
    : [{ type: 'PodScheduled', status: 'True' }]
  return [
    ...[...own, ...scheduled].map(condition => withTransition(condition, before.get(condition.type))),
    ...others,
  ]
}

function withTransition(condition: NewCondition, before: PodCondition | undefined): PodCondition {
  const lastTransitionTime = before?.status === condition.status ? before.lastTransitionTime : now()
  return { lastProbeTime: null!, lastTransitionTime: lastTransitionTime!, ...condition }
}

function initialized(pod: Pod, { initContainers }: StatusInputs, phase: Phase): NewCondition {
  const type = 'Initialized'
  if (phase === 'Succeeded') return { type, status: 'True', reason: 'PodCompleted' }
  const isDone = ({ name, state, lastState, started }: ContainerStatus): boolean => {
    if (isSidecar(pod.spec.initContainers!.find(init => init.name === name)!)) return started === true
    return (state?.terminated ?? lastState?.terminated)?.exitCode === 0
  }
  const missing = initContainers.filter(status => !isDone(status)).map(({ name }) => name)
  if (missing.length === 0) return { type, status: 'True' }
  return {
    type,
    status: 'False',
    reason: 'ContainersNotInitialized',
    message: `containers with incomplete status: [${missing.join(' ')}]`,
  }
}

function containersReady(
  pod: Pod,
  { containers, initContainers }: StatusInputs,
  phase: Phase,
): Omit<NewCondition, 'type'> {
  if (phase === 'Succeeded') return { status: 'False', reason: 'PodCompleted' }
  if (phase === 'Failed') return { status: 'False', reason: 'PodFailed' }
  const sidecars = initContainers.filter(({ name }) =>
    isSidecar(pod.spec.initContainers!.find(init => init.name === name)!),
  )
  const unready = [...sidecars, ...containers].filter(({ ready }) => !ready).map(({ name }) => name)
  if (unready.length === 0) return { status: 'True' }
  return {
    status: 'False',
    reason: 'ContainersNotReady',
    message: `containers with unready status: [${unready.join(' ')}]`,
  }
}

function podReady(pod: Pod, containers: Omit<NewCondition, 'type'>): Omit<NewCondition, 'type'> {
  if (containers.status !== 'True') return containers
  const unmet = (pod.spec.readinessGates ?? []).filter(
    ({ conditionType }) =>
      !pod.status?.conditions?.some(({ type, status }) => type === conditionType && status === 'True'),
  )
  if (unmet.length === 0) return { status: 'True' }
  const message = unmet.map(
    ({ conditionType }) => `corresponding condition of pod readiness gate "${conditionType}" does not exist.`,
  )
  return { status: 'False', reason: 'ReadinessGatesNotReady', message: message.join(', ') }
}

export const isTerminal = ({ phase }: Pick<PodStatus, 'phase'>): boolean =>
  phase === 'Succeeded' || phase === 'Failed'
