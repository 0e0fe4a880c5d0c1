import type { Pod } from '../../api/kinds/types.ts'
import type {
  CycleState,
  Misfit,
  NodeInfo,
  PostFilterResult,
  RejectedNode,
  SchedulerPlugin,
} from '../../plugins/scheduler.ts'
import { postFilterMessage, unschedulableMessage } from './messages.ts'
import { bestNode } from './scoring.ts'
import { balancedAllocation, imageLocality, nodePorts, nodeResourcesFit } from './steps/node-capacity.ts'
import { nodeAffinity, nodeName, nodeUnschedulable, taintToleration } from './steps/node-fitness.ts'
import { interPodAffinity } from './steps/pod-affinity.ts'
import { prioritySort } from './steps/priority-sort.ts'
import { podTopologySpread } from './steps/topology-spread.ts'

/** The built-in steps, in the order they filter: the cheap ones first. */
export const BUILTIN_STEPS: readonly SchedulerPlugin[] = [
  prioritySort,
  nodeUnschedulable,
  nodeName,
  taintToleration,
  nodeAffinity,
  nodePorts,
  nodeResourcesFit,
  podTopologySpread,
  interPodAffinity,
  balancedAllocation,
  imageLocality,
]

/** What a cycle knows of the cluster. */
export interface Cluster {
  nodes: readonly NodeInfo[]
  /** The same nodes as if Pods that are nominated for them, and are as important as this one, were there already. */
  withNominated?(node: NodeInfo, pod: Pod): NodeInfo | undefined
  namespaceLabels?(name: string): Record<string, string> | undefined
}

/** Where a Pod should go, or why it cannot. `state` is what the later steps are given. */
export type Decision =
  | { nodeName: string; state: CycleState }
  | { nodeName: undefined; message: string; preemption?: PostFilterResult & { nodeName: string } }

export function cycleState({ nodes, namespaceLabels = () => undefined }: Cluster): CycleState {
  const values = new Map<string, unknown>()
  return {
    nodes,
    namespaceLabels,
    get: <T>(key: string) => values.get(key) as T | undefined,
    set: (key, value) => void values.set(key, value),
  }
}

/** Runs the steps of one Pod up to its score. Pure. Among equals a node is picked at random. */
export function schedulePod(pod: Pod, cluster: Cluster, steps: readonly SchedulerPlugin[]): Decision {
  const { nodes } = cluster
  const state = cycleState(cluster)
  const refusal = preFilter(pod, state, steps)
  const rejected: RejectedNode[] = []
  const fitting: NodeInfo[] = []
  for (const node of nodes) {
    const misfit = refusal ?? misfitOf(pod, node, cluster, state, steps)
    if (misfit) rejected.push({ node, misfit })
    else fitting.push(node)
  }
  if (fitting.length > 0) return { nodeName: bestNode(pod, fitting, steps, state), state }
  const why = unschedulableMessage(nodes.length, rejected, refusal)
  const result = postFilter(pod, state, rejected, steps)
  if (result?.nodeName !== undefined) return { nodeName: undefined, message: why, preemption: result }
  return { nodeName: undefined, message: why + postFilterMessage(nodes.length, rejected, result?.message) }
}

function preFilter(pod: Pod, state: CycleState, steps: readonly SchedulerPlugin[]): Misfit | undefined {
  for (const step of steps) {
    const misfit = step.preFilter?.(pod, state)
    if (misfit) return { unresolvable: true, ...misfit }
  }
  return undefined
}

/** A node fits when it does with those Pods on it that are nominated for it, and without them too. */
function misfitOf(
  pod: Pod,
  node: NodeInfo,
  { withNominated }: Cluster,
  state: CycleState,
  steps: readonly SchedulerPlugin[],
): Misfit | undefined {
  const crowded = withNominated?.(node, pod)
  const misfit = crowded && firstMisfit(pod, crowded, state, steps)
  return misfit ?? firstMisfit(pod, node, state, steps)
}

/** The first reason why a Pod does not fit a node; undefined when it does. */
export function firstMisfit(
  pod: Pod,
  node: NodeInfo,
  state: CycleState,
  steps: readonly SchedulerPlugin[],
): Misfit | undefined {
  for (const step of steps) {
    const misfit = step.filter?.(pod, node, state)
    if (misfit) return misfit
  }
  return undefined
}

function postFilter(
  pod: Pod,
  state: CycleState,
  rejected: readonly RejectedNode[],
  steps: readonly SchedulerPlugin[],
): PostFilterResult | undefined {
  for (const step of steps) {
    const result = step.postFilter?.(pod, state, rejected)
    if (result) return result
  }
  return undefined
}
