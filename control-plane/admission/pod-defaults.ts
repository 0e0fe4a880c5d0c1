import { resourceName } from '../../api/kinds/kind.ts'
import type { Node, Pod, Toleration } from '../../api/kinds/types.ts'
import type { AdmissionPlugin } from '../../plugins/admission.ts'
import { isPodCreate } from './pod-writes.ts'
import type { TolerationSeconds } from './settings.ts'

const TOLERATION_SECONDS = 300

/** Pods stay five minutes on a node that is not ready, unless they say otherwise. */
export function defaultTolerationSeconds(seconds: TolerationSeconds = {}): AdmissionPlugin {
  const { notReady = TOLERATION_SECONDS, unreachable = TOLERATION_SECONDS } = seconds
  const tolerated = [
    { key: 'node.kubernetes.io/not-ready', tolerationSeconds: notReady },
    { key: 'node.kubernetes.io/unreachable', tolerationSeconds: unreachable },
  ]
  return {
    name: 'DefaultTolerationSeconds',
    handles: isPodCreate,
    mutate: ({ object }) => tolerate(object as Pod, tolerated),
  }
}

function tolerate({ spec }: Pod, tolerated: readonly { key: string; tolerationSeconds: number }[]): void {
  for (const { key, tolerationSeconds } of tolerated) {
    const covers = ({ key: own, effect }: Toleration): boolean =>
      (own === key || !own) && (effect === 'NoExecute' || !effect)
    if (spec.tolerations?.some(covers)) continue
    const toleration = {
      key,
      operator: 'Exists',
      effect: 'NoExecute',
      tolerationSeconds,
    }
    spec.tolerations = [...(spec.tolerations ?? []), toleration]
  }
}

const NOT_READY = { key: 'node.kubernetes.io/not-ready', effect: 'NoSchedule' }

/** A new node gets no Pods before it has said that it is ready. */
export const taintNodesByCondition: AdmissionPlugin = {
  name: 'TaintNodesByCondition',
  handles: ({ operation, kind, subresource }) =>
    operation === 'CREATE' && subresource === '' && resourceName(kind) === 'nodes',
  mutate({ object }) {
    const node = object as Node
    node.spec ??= {}
    const taints = node.spec.taints ?? []
    if (!taints.some(({ key, effect }) => key === NOT_READY.key && effect === NOT_READY.effect)) {
      node.spec.taints = [...taints, { ...NOT_READY }]
    }
  },
}
