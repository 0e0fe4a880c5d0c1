import type { ContainerStatus, Pod, PodStatus } from '../../../api/kinds/types.ts'
import type { Rejection } from '../pods/context.ts'
import { qosClass } from '../pods/qos.ts'
import { podConditions } from './pod-conditions.ts'
import { isTerminal, podPhase } from './pod-phase.ts'
import type { Resize } from './resize-verdict.ts'

/** What the status of a Pod is computed from. */
export interface StatusInputs {
  containers: ContainerStatus[]
  initContainers: ContainerStatus[]
  ephemeralContainers: ContainerStatus[]
  podIPs: string[]
  hostIP: string
  hasSandbox: boolean
  /** The Pod was ended by the kubelet (deadline, eviction) or refused. */
  ended: Rejection | undefined
  /** How far a change of its resources is. */
  resize: Resize | undefined
  /** Nothing will be started any more. */
  isTerminal: boolean
  startTime: string
}

/** The status of a Pod. `before` is the one last told: what has come to an end stays as it ended. */
export function podStatus(pod: Pod, before: PodStatus, inputs: StatusInputs): PodStatus {
  const phase = inputs.ended
    ? 'Failed'
    : isTerminal(before)
      ? (before.phase as 'Failed')
      : podPhase(pod, inputs)
  const { podIPs, hostIP, startTime, containers, initContainers, ephemeralContainers } = inputs
  const { reason, message } = inputs.ended ?? (isTerminal(before) ? before : {})
  const addresses = podIPs.length > 0 ? podIPs : (before.podIPs ?? []).flatMap(({ ip }) => ip ?? [])
  const { generation } = pod.metadata
  return {
    ...(generation !== undefined && { observedGeneration: generation }),
    phase,
    conditions: podConditions(
      pod,
      { ...inputs, disruption: inputs.ended?.disruption },
      phase,
      before.conditions ?? [],
    ),
    ...(reason && { reason }),
    ...(message && { message }),
    ...(hostIP && { hostIP, hostIPs: [{ ip: hostIP }] }),
    ...(addresses.length > 0 && { podIP: addresses[0]!, podIPs: addresses.map(ip => ({ ip })) }),
    startTime,
    qosClass: qosClass(pod),
    ...(initContainers.length > 0 && { initContainerStatuses: initContainers }),
    containerStatuses: containers,
    ...(ephemeralContainers.length > 0 && { ephemeralContainerStatuses: ephemeralContainers }),
  }
}
