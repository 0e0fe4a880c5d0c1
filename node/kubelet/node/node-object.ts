import { now } from '../../../api/meta/time.ts'
import type { RuntimeCondition, RuntimeImage } from '../../../plugins/runtime.ts'
import { architecture } from './machine.ts'
import type { Pressure } from './pressure.ts'

export { nodeResources } from './machine.ts'

/** Labels every node has. */
export const nodeLabels = (hostname: string): Record<string, string> => ({
  'beta.kubernetes.io/arch': architecture(),
  'beta.kubernetes.io/os': 'linux',
  'kubernetes.io/arch': architecture(),
  'kubernetes.io/hostname': hostname,
  'kubernetes.io/os': 'linux',
})

/** What events of a node are about. Its name stands for its UID: that is what `kubectl describe node` looks for. */
export const nodeReference = (nodeName: string) => ({
  apiVersion: 'v1',
  kind: 'Node',
  metadata: { name: nodeName, uid: nodeName },
})

export interface NodeCondition {
  type: string
  status: 'True' | 'False'
  reason: string
  message: string
  lastHeartbeatTime: string
  lastTransitionTime: string
}

type Verdict = Pick<NodeCondition, 'status' | 'reason' | 'message'>

/** The node's conditions; `before` gives the times of those that did not change. */
export function nodeConditions(
  runtime: RuntimeCondition[] | Error,
  pressure: Pressure,
  before: readonly NodeCondition[] = [],
): NodeCondition[] {
  const time = now()
  const fault = runtimeFault(runtime)
  const verdicts: Record<string, Verdict> = {
    MemoryPressure: pressure.memory
      ? {
          status: 'True',
          reason: 'KubeletHasInsufficientMemory',
          message: 'kubelet has insufficient memory available',
        }
      : {
          status: 'False',
          reason: 'KubeletHasSufficientMemory',
          message: 'kubelet has sufficient memory available',
        },
    DiskPressure: pressure.disk
      ? { status: 'True', reason: 'KubeletHasDiskPressure', message: 'kubelet has disk pressure' }
      : { status: 'False', reason: 'KubeletHasNoDiskPressure', message: 'kubelet has no disk pressure' },
    PIDPressure: pressure.pid
      ? {
          status: 'True',
          reason: 'KubeletHasInsufficientPID',
          message: 'kubelet has insufficient PID available',
        }
      : {
          status: 'False',
          reason: 'KubeletHasSufficientPID',
          message: 'kubelet has sufficient PID available',
        },
    Ready: fault
      ? { status: 'False', reason: 'KubeletNotReady', message: fault }
      : { status: 'True', reason: 'KubeletReady', message: 'kubelet is posting ready status' },
  }
  return Object.entries(verdicts).map(([type, verdict]) => {
    const same = before.find(condition => condition.type === type && condition.status === verdict.status)
    const lastTransitionTime = same?.lastTransitionTime ?? time
    return { type, ...verdict, lastHeartbeatTime: time, lastTransitionTime }
  })
}

function runtimeFault(runtime: RuntimeCondition[] | Error): string | undefined {
  if (runtime instanceof Error) return `container runtime is down: ${runtime.message}`
  const faults = runtime.filter(({ status }) => !status)
  if (faults.length === 0) return undefined
  return faults
    .map(({ type, reason, message }) => {
      const what = type === 'NetworkReady' ? 'container runtime network not ready: ' : ''
      return `${what}${type}=false reason:${reason} message:${message}`
    })
    .join(', ')
}

const MOST_IMAGES = 50
const MOST_NAMES = 5

/** The largest images, as the scheduler's ImageLocality wants to know them. */
export function nodeImages(images: RuntimeImage[]): { names: string[]; sizeBytes: number }[] {
  return images
    .map(({ repoTags, repoDigests, size }) => ({
      names: [...repoDigests, ...repoTags].slice(0, MOST_NAMES),
      sizeBytes: size,
    }))
    .sort((a, b) => b.sizeBytes - a.sizeBytes)
    .slice(0, MOST_IMAGES)
}
