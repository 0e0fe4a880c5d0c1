import type { Pod } from '../../../api/kinds/types.ts'
import { labelSelector, type Selector } from '../../../api/meta/selectors.ts'
import type { CycleState, NodeInfo, SchedulerPlugin } from '../../../plugins/scheduler.ts'
import { MOST } from '../scoring.ts'
import { isOfCluster } from '../snapshot.ts'
import { isTolerated, matchesRequired } from './node-fitness.ts'

interface Constraint {
  maxSkew: number
  topologyKey: string
  whenUnsatisfiable: string
  labelSelector?: object
  matchLabelKeys?: string[]
  minDomains?: number
  nodeAffinityPolicy?: string
  nodeTaintsPolicy?: string
}

const HOSTNAME = 'kubernetes.io/hostname'
const ZONE = 'topology.kubernetes.io/zone'

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
    { maxSkew: 3, topologyKey: HOSTNAME, ...shared },
    { maxSkew: 5, topologyKey: ZONE, ...shared },
  ]
}

function selectorOf({ labelSelector: given, matchLabelKeys = [] }: Constraint, pod: Pod): Selector {
  const labels = pod.metadata.labels ?? {}
  const matchLabels = Object.fromEntries(
    matchLabelKeys.flatMap(key => (labels[key] === undefined ? [] : [[key, labels[key]]])),
  )
  const { matchLabels: own, ...rest } = (given ?? {}) as { matchLabels?: object }
  return labelSelector(given && ({ ...rest, matchLabels: { ...own, ...matchLabels } } as never))
}

/** How the Pods a constraint speaks of are spread over the domains the Pod could go to. */
interface Spread {
  constraint: Constraint
  counts: Map<string, number>
  lowest: number
  /** 1 when the Pod is one of those that are counted. */
  self: number
}

function spreadsOf(pod: Pod, state: CycleState, action: string): Spread[] {
  const key = `PodTopologySpread ${action}`
  const known = state.get<Spread[]>(key)
  if (known) return known
  const spreads = constraintsOf(pod)
    .filter(({ whenUnsatisfiable }) => whenUnsatisfiable === action)
    .map(constraint => spreadOf(constraint, pod, state.nodes))
  state.set(key, spreads)
  return spreads
}

function spreadOf(constraint: Constraint, pod: Pod, nodes: readonly NodeInfo[]): Spread {
  const selector = selectorOf(constraint, pod)
  const counts = new Map<string, number>()
  for (const info of nodes) {
    const domain = info.node.metadata.labels?.[constraint.topologyKey]
    if (domain === undefined || !isCounted(constraint, pod, info)) continue
    const here = info.pods.filter(other => isSpread(other, pod, selector)).length
    counts.set(domain, (counts.get(domain) ?? 0) + here)
  }
  const isShort = constraint.minDomains !== undefined && counts.size < constraint.minDomains
  const self = selector.matches(pod.metadata.labels) ? 1 : 0
  return { constraint, counts, lowest: isShort ? 0 : Math.min(...counts.values()), self }
}

const isSpread = ({ metadata }: Pod, pod: Pod, selector: Selector): boolean =>
  metadata.namespace === pod.metadata.namespace &&
  !metadata.deletionTimestamp &&
  selector.matches(metadata.labels)

/** Nodes the Pod could not go to anyway do not count: by its affinity, and by taints where the constraint says so. */
function isCounted(constraint: Constraint, pod: Pod, { node }: NodeInfo): boolean {
  const { nodeAffinityPolicy = 'Honor', nodeTaintsPolicy = 'Ignore' } = constraint
  if (nodeAffinityPolicy === 'Honor' && !matchesRequired(pod, node)) return false
  if (nodeTaintsPolicy !== 'Honor') return true
  const hard = (node.spec.taints ?? []).filter(({ effect }) => effect !== 'PreferNoSchedule')
  return hard.every(taint => isTolerated(pod, taint))
}

const MISSING = "node(s) didn't match pod topology spread constraints (missing required label)"
const UNEVEN = "node(s) didn't match pod topology spread constraints"

/** Spreads Pods over zones, nodes and the like (kubernetes.io, "Pod Topology Spread Constraints"). */
export const podTopologySpread: SchedulerPlugin = {
  name: 'PodTopologySpread',
  weight: 2,
  preFilter: (pod, state) => void spreadsOf(pod, state, 'DoNotSchedule'),
  filter(pod, node, state) {
    for (const spread of spreadsFor(pod, node, state)) {
      const { constraint, counts, lowest, self } = spread
      const domain = node.node.metadata.labels?.[constraint.topologyKey]
      if (domain === undefined) return { reason: MISSING, unresolvable: true }
      if ((counts.get(domain) ?? 0) + self - lowest > constraint.maxSkew) return { reason: UNEVEN }
    }
    return undefined
  },
  /** The fewer Pods of its like, the better; a domain counts for less the more domains there are. */
  score(pod, node, state) {
    return spreadsOf(pod, state, 'ScheduleAnyway').reduce((sum, { constraint, counts }) => {
      const domain = node.node.metadata.labels?.[constraint.topologyKey]
      if (domain === undefined) return sum
      return sum + (counts.get(domain) ?? 0) * Math.log(counts.size + 2) + constraint.maxSkew - 1
    }, 0)
  },
  normalizeScore(pod, scores, state) {
    const hasConstraints = spreadsOf(pod, state, 'ScheduleAnyway').length > 0
    const highest = Math.max(...scores.values())
    const lowest = Math.min(...scores.values())
    for (const [name, score] of scores) {
      const even = highest === 0 ? MOST : (MOST * (highest + lowest - score)) / highest
      scores.set(name, hasConstraints ? even : 0)
    }
  },
}

/** The spreads, made again where the node is another than the cluster's. */
function spreadsFor(pod: Pod, node: NodeInfo, state: CycleState): Spread[] {
  const known = spreadsOf(pod, state, 'DoNotSchedule')
  if (known.length === 0 || isOfCluster(node, state)) return known
  const { name } = node.node.metadata
  const nodes = state.nodes.map(other => (other.node.metadata.name === name ? node : other))
  return known.map(({ constraint }) => spreadOf(constraint, pod, nodes))
}
