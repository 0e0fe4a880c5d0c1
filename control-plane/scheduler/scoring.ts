import type { Pod } from '../../api/kinds/types.ts'
import type { CycleState, NodeInfo, SchedulerPlugin } from '../../plugins/scheduler.ts'

/** The best score a node can have from one step. */
export const MOST = 100

/** Name of the node with the highest weighted sum of normalized scores; one of them at random when there are several. */
export function bestNode(
  pod: Pod,
  nodes: readonly NodeInfo[],
  steps: readonly SchedulerPlugin[],
  state: CycleState,
): string {
  if (nodes.length === 1) return nodes[0]!.node.metadata.name
  for (const step of steps) step.preScore?.(pod, nodes, state)
  const totals = new Map(nodes.map(({ node }) => [node.metadata.name, 0]))
  for (const step of steps) {
    if (!step.score) continue
    for (const [name, score] of scoresOf(step, pod, nodes, state)) {
      totals.set(name, totals.get(name)! + score * (step.weight ?? 1))
    }
  }
  const highest = Math.max(...totals.values())
  const winners = [...totals].filter(([, total]) => total >= highest - 1e-9)
  return winners[Math.floor(Math.random() * winners.length)]![0]
}

function scoresOf(
  step: SchedulerPlugin,
  pod: Pod,
  nodes: readonly NodeInfo[],
  state: CycleState,
): Map<string, number> {
  const scores = new Map(nodes.map(node => [node.node.metadata.name, step.score!(pod, node, state)]))
  step.normalizeScore?.(pod, scores, state)
  for (const [name, score] of scores) {
    if (score >= -1e-9 && score <= MOST + 1e-9) continue
    throw new Error(
      `plugin "${step.name}" returns an invalid score ${score} for node "${name}": expected 0 to 100`,
    )
  }
  return scores
}

/** The highest score becomes 100 and the others keep their share of it; `isReversed`: the lowest is the best. */
export function normalizeByHighest(scores: Map<string, number>, isReversed = false): void {
  const highest = Math.max(0, ...scores.values())
  for (const [name, score] of scores) {
    const share = highest === 0 ? 0 : (MOST * score) / highest
    scores.set(name, isReversed ? MOST - share : share)
  }
}

/** The lowest score becomes 0 and the highest 100; all are 0 when they are the same. */
export function normalizeByRange(scores: Map<string, number>): void {
  const lowest = Math.min(...scores.values())
  const range = Math.max(...scores.values()) - lowest
  for (const [name, score] of scores) scores.set(name, range === 0 ? 0 : (MOST * (score - lowest)) / range)
}
