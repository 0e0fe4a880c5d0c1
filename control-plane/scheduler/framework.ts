import type { Pod } from '../../api/kinds/types.ts'
import type { CycleState, NodeInfo, SchedulerPlugin } from '../../plugins/scheduler.ts'
import { balancedAllocation, imageLocality, nodePorts, nodeResourcesFit } from './steps/node-capacity.ts'
import { nodeAffinity, nodeName, nodeUnschedulable, taintToleration } from './steps/node-fitness.ts'
import { interPodAffinity, podTopologySpread } from './steps/pod-relations.ts'

/** The built-in steps, in the order they filter: the cheap ones first. */
export const BUILTIN_STEPS: readonly SchedulerPlugin[] = [
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

/** Where a Pod should go, or why it cannot. */
export type Decision = { nodeName: string } | { nodeName: undefined; message: string; candidates: NodeInfo[] }

function cycleState(nodes: readonly NodeInfo[]): CycleState {
  const values = new Map<string, unknown>()
  return {
    nodes,
    get: <T>(key: string) => values.get(key) as T | undefined,
    set: (key, value) => void values.set(key, value),
  }
}

/** Runs filter and score steps for one Pod. Pure. Among equals a node is picked at random. */
export function schedulePod(
  pod: Pod,
  nodes: readonly NodeInfo[],
  steps: readonly SchedulerPlugin[],
): Decision {
  const state = cycleState(nodes)
  for (const step of steps) step.preFilter?.(pod, state)
  const reasons = new Map<string, number>()
  const candidates: NodeInfo[] = []
  const fitting = nodes.filter(node => {
    for (const step of steps) {
      const misfit = step.filter?.(pod, node, state)
      if (!misfit) continue
      reasons.set(misfit.reason, (reasons.get(misfit.reason) ?? 0) + 1)
      if (!misfit.unresolvable) candidates.push(node)
      return false
    }
    return true
  })
  if (fitting.length === 0)
    return { nodeName: undefined, message: unschedulableMessage(nodes.length, reasons), candidates }
  return { nodeName: best(pod, fitting, steps, state).node.metadata.name }
}

function best(pod: Pod, nodes: NodeInfo[], steps: readonly SchedulerPlugin[], state: CycleState): NodeInfo {
  if (nodes.length === 1) return nodes[0]!
  for (const step of steps) step.preScore?.(pod, nodes, state)
  let winners: NodeInfo[] = []
  let highest = Number.NEGATIVE_INFINITY
  for (const node of nodes) {
    const total = steps.reduce(
      (sum, step) => sum + (step.score?.(pod, node, state) ?? 0) * (step.weight ?? 1),
      0,
    )
    if (total > highest + 1e-9) winners = []
    if (total >= highest - 1e-9) winners.push(node)
    highest = Math.max(highest, total)
  }
  return winners[Math.floor(Math.random() * winners.length)]!
}

/** `0/2 nodes are available: 2 Insufficient cpu.` */
function unschedulableMessage(count: number, reasons: Map<string, number>): string {
  if (count === 0) return 'no nodes available to schedule pods'
  const parts = [...reasons].map(([reason, nodes]) => `${nodes} ${reason}`).sort()
  return `0/${count} nodes are available: ${parts.join(', ')}.`
}
