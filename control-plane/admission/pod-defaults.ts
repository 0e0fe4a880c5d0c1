import type { InformerFactory } from '../../api/client/client.ts'
import { resourceName } from '../../api/kinds/kind.ts'
import { priorityClasses } from '../../api/kinds/scheduling.ts'
import type { Node, Pod, Toleration } from '../../api/kinds/types.ts'
import { forbidden } from '../../api/meta/status.ts'
import type { AdmissionPlugin } from '../../plugins/admission.ts'

const isPodCreate: AdmissionPlugin['handles'] = ({ operation, kind, subresource }) =>
  operation === 'CREATE' && subresource === '' && resourceName(kind) === 'pods'

const TOLERATED = ['node.kubernetes.io/not-ready', 'node.kubernetes.io/unreachable']
const TOLERATION_SECONDS = 300

/** Pods stay five minutes on a node that is not ready, unless they say otherwise. */
export const defaultTolerationSeconds: AdmissionPlugin = {
  name: 'DefaultTolerationSeconds',
  handles: isPodCreate,
  mutate({ object }) {
    const { spec } = object as Pod
    for (const key of TOLERATED) {
      const covers = ({ key: own, effect }: Toleration): boolean =>
        (own === key || !own) && (effect === 'NoExecute' || !effect)
      if (spec.tolerations?.some(covers)) continue
      const toleration = {
        key,
        operator: 'Exists',
        effect: 'NoExecute',
        tolerationSeconds: TOLERATION_SECONDS,
      }
      spec.tolerations = [...(spec.tolerations ?? []), toleration]
    }
  },
}

const SYSTEM_PRIORITIES: Record<string, number> = {
  'system-cluster-critical': 2_000_000_000,
  'system-node-critical': 2_000_001_000,
}

/** Resolves priorityClassName into a number. */
export function priorityAdmission(informers: InformerFactory): AdmissionPlugin {
  const cache = informers.informer(priorityClasses)
  return {
    name: 'Priority',
    handles: isPodCreate,
    mutate({ object, name }) {
      const pod = object as Pod
      const wanted = pod.spec.priorityClassName
      const found = wanted ? cache.get(wanted) : cache.list().find(({ globalDefault }) => globalDefault)
      const value = found?.value ?? SYSTEM_PRIORITIES[wanted ?? '']
      if (wanted && value === undefined) {
        const why = `no PriorityClass with name ${wanted} was found`
        throw forbidden({ group: '', plural: 'pods' }, pod.metadata.name || name, why)
      }
      pod.spec.priority = value ?? 0
      if (found && !wanted) pod.spec.priorityClassName = found.metadata.name
      if (found?.preemptionPolicy) pod.spec.preemptionPolicy = found.preemptionPolicy
    },
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
