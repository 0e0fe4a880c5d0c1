import type { DaemonSet, Node, Pod, Taint, Toleration } from '../../../api/kinds/types.ts'
import { matchesRequired, tolerates } from '../../scheduler/steps/node-fitness.ts'

const toleration = (key: string, effect: string): Toleration => ({ key, operator: 'Exists', effect })

/** What Pods of a DaemonSet put up with, whatever their template says. */
const ALWAYS: readonly Toleration[] = [
  toleration('node.kubernetes.io/not-ready', 'NoExecute'),
  toleration('node.kubernetes.io/unreachable', 'NoExecute'),
  toleration('node.kubernetes.io/disk-pressure', 'NoSchedule'),
  toleration('node.kubernetes.io/memory-pressure', 'NoSchedule'),
  toleration('node.kubernetes.io/pid-pressure', 'NoSchedule'),
  toleration('node.kubernetes.io/unschedulable', 'NoSchedule'),
]
const HOST_NETWORK = toleration('node.kubernetes.io/network-unavailable', 'NoSchedule')

/** The tolerations of a DaemonSet's Pods: the template's own and those every such Pod has. */
export function daemonTolerations(given: readonly Toleration[] = [], hostNetwork = false): Toleration[] {
  const added = [...ALWAYS, ...(hostNetwork ? [HOST_NETWORK] : [])]
  const isGiven = ({ key, effect }: Toleration): boolean =>
    given.some(other => other.key === key && other.effect === effect && other.operator === 'Exists')
  return [...given, ...added.filter(each => !isGiven(each))]
}

/** Whether a node should have a Pod of the set, and whether one that is there may stay. */
export interface Placement {
  shouldRun: boolean
  mayStay: boolean
}

export function placementOn({ spec }: DaemonSet, node: Node): Placement {
  const podSpec = spec.template.spec!
  const pod = { metadata: {}, spec: podSpec } as unknown as Pod
  const isChosen = !podSpec.nodeName || podSpec.nodeName === node.metadata.name
  if (!isChosen || !matchesRequired(pod, node)) return { shouldRun: false, mayStay: false }
  const tolerations = daemonTolerations(podSpec.tolerations, podSpec.hostNetwork)
  const isTolerated = (taint: Taint): boolean => tolerations.some(each => tolerates(each, taint))
  const untolerated = (node.spec.taints ?? []).filter(taint => !isTolerated(taint))
  return {
    shouldRun: untolerated.every(({ effect }) => effect === 'PreferNoSchedule'),
    mayStay: untolerated.every(({ effect }) => effect !== 'NoExecute'),
  }
}

interface FieldTerm {
  matchFields?: { key: string; values?: string[] }[]
}

/** The node a Pod of the set is on, or is meant for while it waits. */
export function nodeOf({ spec }: Pod): string | undefined {
  if (spec.nodeName) return spec.nodeName
  const required = spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution
  const terms = (required?.nodeSelectorTerms ?? []) as FieldTerm[]
  const field = terms
    .flatMap(({ matchFields }) => matchFields ?? [])
    .find(({ key }) => key === 'metadata.name')
  return field?.values?.[0]
}

/** Affinity to one node by its name, in place of what the template asks of nodes (which was looked at already). */
export function pinnedTo(nodeName: string, affinity: any = {}): any {
  const matchFields = [{ key: 'metadata.name', operator: 'In', values: [nodeName] }]
  return {
    ...affinity,
    nodeAffinity: {
      ...affinity?.nodeAffinity,
      requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [{ matchFields }] },
    },
  }
}
