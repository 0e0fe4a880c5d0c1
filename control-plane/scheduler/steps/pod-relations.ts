import type { Pod } from '../../../api/kinds/types.ts'
import { labelSelector } from '../../../api/meta/selectors.ts'
import type { CycleState, NodeInfo, SchedulerPlugin } from '../../../plugins/scheduler.ts'
import { matchesRequired } from './node-fitness.ts'

interface AffinityTerm {
  labelSelector?: object
  topologyKey: string
  namespaces?: string[]
  namespaceSelector?: object
}

const topologyOf = ({ node }: NodeInfo, key: string): string | undefined => node.metadata.labels?.[key]

/** True when `other` is one of the Pods a term of `pod` speaks of. */
function isMeant(term: AffinityTerm, pod: Pod, other: Pod): boolean {
  const named = term.namespaces ?? []
  const everywhere = term.namespaceSelector !== undefined && Object.keys(term.namespaceSelector).length === 0
  const isInScope =
    everywhere ||
    named.includes(other.metadata.namespace!) ||
    (named.length === 0 && !term.namespaceSelector && other.metadata.namespace === pod.metadata.namespace)
  return isInScope && labelSelector(term.labelSelector as never).matches(other.metadata.labels)
}

const required = (pod: Pod, kind: 'podAffinity' | 'podAntiAffinity'): AffinityTerm[] =>
  (pod.spec.affinity?.[kind]?.requiredDuringSchedulingIgnoredDuringExecution ?? []) as AffinityTerm[]

interface Preferred {
  weight: number
  podAffinityTerm: AffinityTerm
}

const preferred = (pod: Pod, kind: 'podAffinity' | 'podAntiAffinity'): Preferred[] =>
  (pod.spec.affinity?.[kind]?.preferredDuringSchedulingIgnoredDuringExecution ?? []) as Preferred[]

/** How many meant Pods there are in a node's topology domain. */
function countInDomain(term: AffinityTerm, pod: Pod, node: NodeInfo, { nodes }: CycleState): number {
  const domain = topologyOf(node, term.topologyKey)
  if (domain === undefined) return 0
  return nodes
    .filter(other => topologyOf(other, term.topologyKey) === domain)
    .reduce((sum, { pods }) => sum + pods.filter(other => isMeant(term, pod, other)).length, 0)
}

export const interPodAffinity: SchedulerPlugin = {
  name: 'InterPodAffinity',
  weight: 2,
  filter(pod, node, state) {
    if (required(pod, 'podAffinity').some(term => !affinityMet(term, pod, node, state))) {
      return { reason: "node(s) didn't match pod affinity rules", unresolvable: true }
    }
    if (required(pod, 'podAntiAffinity').some(term => countInDomain(term, pod, node, state) > 0)) {
      return { reason: "node(s) didn't match pod anti-affinity rules" }
    }
    if (isUnwanted(pod, node, state))
      return { reason: "node(s) didn't satisfy existing pods anti-affinity rules" }
    return undefined
  },
  score(pod, node, state) {
    const sum = (kind: 'podAffinity' | 'podAntiAffinity'): number =>
      preferred(pod, kind).reduce(
        (total, { weight, podAffinityTerm }) =>
          total + weight * countInDomain(podAffinityTerm, pod, node, state),
        0,
      )
    return Math.min(100, Math.max(0, 50 + sum('podAffinity') - sum('podAntiAffinity')))
  },
}

/** The first Pod of a group that wants to be near itself may go anywhere. */
function affinityMet(term: AffinityTerm, pod: Pod, node: NodeInfo, state: CycleState): boolean {
  if (topologyOf(node, term.topologyKey) === undefined) return false
  if (countInDomain(term, pod, node, state) > 0) return true
  const isFirst = !state.nodes.some(({ pods }) => pods.some(other => isMeant(term, pod, other)))
  return isFirst && isMeant(term, pod, pod)
}

/** A Pod that is there does not want this one near. */
function isUnwanted(pod: Pod, node: NodeInfo, { nodes }: CycleState): boolean {
  return nodes.some(other =>
    other.pods.some(existing =>
      required(existing, 'podAntiAffinity').some(term => {
        const domain = topologyOf(other, term.topologyKey)
        return (
          domain !== undefined &&
          domain === topologyOf(node, term.topologyKey) &&
          isMeant(term, existing, pod)
        )
      }),
    ),
  )
}

interface Constraint {
  maxSkew: number
  topologyKey: string
  whenUnsatisfiable: string
  labelSelector?: object
}

/** Constraints of the Pod, or the cluster's default: spread a controller's Pods over nodes and zones. */
function constraintsOf({ spec, metadata }: Pod): Constraint[] {
  if (spec.topologySpreadConstraints?.length) return spec.topologySpreadConstraints as Constraint[]
  const hash = metadata.labels?.['pod-template-hash']
  const matchLabels = hash
    ? { 'pod-template-hash': hash }
    : metadata.ownerReferences?.length
      ? metadata.labels
      : undefined
  if (!matchLabels || Object.keys(matchLabels).length === 0) return []
  const shared = { whenUnsatisfiable: 'ScheduleAnyway', labelSelector: { matchLabels } }
  return [
    { maxSkew: 3, topologyKey: 'kubernetes.io/hostname', ...shared },
    { maxSkew: 5, topologyKey: 'topology.kubernetes.io/zone', ...shared },
  ]
}

/** Matching Pods by domain, over the nodes the Pod could go to. */
function domainCounts(
  { topologyKey, labelSelector: selector }: Constraint,
  pod: Pod,
  { nodes }: CycleState,
): Map<string, number> {
  const matches = labelSelector(selector as never)
  const counts = new Map<string, number>()
  for (const info of nodes) {
    const domain = topologyOf(info, topologyKey)
    if (domain === undefined || !matchesRequired(pod, info.node)) continue
    const here = info.pods.filter(
      ({ metadata }) =>
        metadata.namespace === pod.metadata.namespace &&
        !metadata.deletionTimestamp &&
        matches.matches(metadata.labels),
    )
    counts.set(domain, (counts.get(domain) ?? 0) + here.length)
  }
  return counts
}

export const podTopologySpread: SchedulerPlugin = {
  name: 'PodTopologySpread',
  weight: 2,
  filter(pod, node, state) {
    for (const constraint of constraintsOf(pod)) {
      if (constraint.whenUnsatisfiable !== 'DoNotSchedule') continue
      const domain = topologyOf(node, constraint.topologyKey)
      if (domain === undefined) {
        return {
          reason: "node(s) didn't match pod topology spread constraints (missing required label)",
          unresolvable: true,
        }
      }
      const counts = domainCounts(constraint, pod, state)
      const self = labelSelector(constraint.labelSelector as never).matches(pod.metadata.labels) ? 1 : 0
      const skew = (counts.get(domain) ?? 0) + self - Math.min(...counts.values())
      if (skew > constraint.maxSkew) return { reason: "node(s) didn't match pod topology spread constraints" }
    }
    return undefined
  },
  score(pod, node, state) {
    const scores = constraintsOf(pod)
      .filter(({ whenUnsatisfiable }) => whenUnsatisfiable === 'ScheduleAnyway')
      .flatMap(constraint => {
        const domain = topologyOf(node, constraint.topologyKey)
        if (domain === undefined) return []
        const counts = domainCounts(constraint, pod, state)
        const most = Math.max(...counts.values())
        return [most === 0 ? 100 : 100 * (1 - (counts.get(domain) ?? 0) / most)]
      })
    return scores.length === 0 ? 0 : scores.reduce((sum, score) => sum + score, 0) / scores.length
  },
}
