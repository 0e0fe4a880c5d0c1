import type { Pod, PodDisruptionBudget } from '../../api/kinds/types.ts'
import { labelSelector } from '../../api/meta/selectors.ts'
import type { CycleState, NodeInfo, RejectedNode, SchedulerPlugin } from '../../plugins/scheduler.ts'
import { firstMisfit } from './framework.ts'
import { noVictimsMessage } from './messages.ts'
import { withoutPods } from './snapshot.ts'

/** The Pods that would have to go from a node. */
interface Candidate {
  nodeName: string
  victims: Pod[]
  /** How many of them a disruption budget does not want to go. */
  violations: number
}

const priorityOf = ({ spec }: Pod): number => spec.priority ?? 0
const startOf = ({ status, metadata }: Pod): string => status?.startTime ?? metadata.creationTimestamp ?? ''

/** The more important first, the longer running among equals: the order in which Pods are spared. */
const byImportance = (a: Pod, b: Pod): number =>
  priorityOf(b) - priorityOf(a) || (startOf(a) < startOf(b) ? -1 : 1)

export interface PreemptionOptions {
  /** The steps a Pod must pass on the node that room is made on. */
  steps: readonly SchedulerPlugin[]
  budgets(): readonly PodDisruptionBudget[]
}

/**
 * Makes room for a Pod by taking less important ones away: on the node where the least is lost (kubernetes.io, "Pod
 * Priority and Preemption").
 */
export function defaultPreemption({ steps, budgets }: PreemptionOptions): SchedulerPlugin {
  return {
    name: 'DefaultPreemption',
    postFilter(pod, state, rejected) {
      const refusal = whyNot(pod, state)
      if (refusal) return { message: refusal }
      const helpful = rejected.filter(({ misfit }) => !misfit.unresolvable)
      const candidates = findCandidates(pod, helpful, state, steps, budgets())
      const best = candidates.sort(byLoss)[0]
      if (best) return { nodeName: best.nodeName, victims: best.victims }
      const why = 'No preemption victims found for incoming pod'
      return { message: noVictimsMessage(state.nodes.length, helpful.length, why) }
    },
  }
}

/** Nobody is taken away for a Pod that does not want it, or while the last victims are still going. */
function whyNot(pod: Pod, { nodes }: CycleState): string | undefined {
  if (pod.spec.preemptionPolicy === 'Never') return 'not eligible due to preemptionPolicy=Never.'
  const nominated = pod.status?.nominatedNodeName
  const node = nodes.find(each => each.node.metadata.name === nominated)
  const isGoing = (other: Pod): boolean =>
    other.metadata.deletionTimestamp !== undefined && priorityOf(other) < priorityOf(pod)
  return node?.pods.some(isGoing) ? 'not eligible due to a terminating pod on the nominated node.' : undefined
}

function findCandidates(
  pod: Pod,
  helpful: readonly RejectedNode[],
  state: CycleState,
  steps: readonly SchedulerPlugin[],
  budgets: readonly PodDisruptionBudget[],
): Candidate[] {
  return helpful.flatMap(({ node }) => {
    const candidate = victimsOn(pod, node, state, steps, budgets)
    return candidate ? [candidate] : []
  })
}

/** The fewest and least important Pods that have to go; those that no budget protects first. */
function victimsOn(
  pod: Pod,
  node: NodeInfo,
  state: CycleState,
  steps: readonly SchedulerPlugin[],
  budgets: readonly PodDisruptionBudget[],
): Candidate | undefined {
  const lower = node.pods.filter(other => priorityOf(other) < priorityOf(pod)).sort(byImportance)
  const fitsWithout = (gone: Pod[]): boolean => !firstMisfit(pod, withoutPods(node, gone), state, steps)
  if (lower.length === 0 || !fitsWithout(lower)) return undefined
  const { violating, others } = splitByBudgets(lower, budgets)
  let victims = lower
  for (const spared of [...violating, ...others]) {
    const fewer = victims.filter(victim => victim !== spared)
    if (fitsWithout(fewer)) victims = fewer
  }
  const violations = victims.filter(victim => violating.includes(victim)).length
  return { nodeName: node.node.metadata.name, victims, violations }
}

/** Which Pods could not go without a budget being overdrawn, if they went one after the other. */
function splitByBudgets(
  pods: readonly Pod[],
  budgets: readonly PodDisruptionBudget[],
): { violating: Pod[]; others: Pod[] } {
  const left = new Map(budgets.map(budget => [budget, budget.status?.disruptionsAllowed ?? 0]))
  const isOverdrawn = (pod: Pod): boolean => {
    const own = budgets.filter(({ metadata, spec, status }) => {
      const isMeant = metadata.namespace === pod.metadata.namespace && pod.metadata.labels !== undefined
      const isCounted = pod.metadata.name in (status?.disruptedPods ?? {})
      return (
        isMeant && !isCounted && spec.selector && labelSelector(spec.selector).matches(pod.metadata.labels)
      )
    })
    for (const budget of own) left.set(budget, left.get(budget)! - 1)
    return own.some(budget => left.get(budget)! < 0)
  }
  const violating = pods.filter(isOverdrawn)
  return { violating, others: pods.filter(pod => !violating.includes(pod)) }
}

/** Least loss first: budgets overdrawn, the highest priority, the sum of priorities, the number, the time run. */
function byLoss(a: Candidate, b: Candidate): number {
  const highest = ({ victims }: Candidate): number => Math.max(...victims.map(priorityOf))
  const sum = ({ victims }: Candidate): number =>
    victims.reduce((total, victim) => total + priorityOf(victim) + 2 ** 31, 0)
  return (
    a.violations - b.violations ||
    highest(a) - highest(b) ||
    sum(a) - sum(b) ||
    a.victims.length - b.victims.length ||
    (earliestStart(a, highest(a)) > earliestStart(b, highest(b)) ? -1 : 1)
  )
}

const earliestStart = ({ victims }: Candidate, priority: number): string =>
  victims
    .filter(victim => priorityOf(victim) === priority)
    .map(startOf)
    .sort()[0] ?? ''
