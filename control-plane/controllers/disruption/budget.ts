import type { Pod, PodDisruptionBudget } from '../../../api/kinds/types.ts'
import { now } from '../../../api/meta/time.ts'
import { isReady } from '../pod-facts.ts'

type Status = NonNullable<PodDisruptionBudget['status']>
type Condition = NonNullable<Status['conditions']>[number]

/** A Pod whose eviction was allowed counts as gone for so long, should nobody have deleted it. Milliseconds. */
const DISRUPTION_TIMEOUT = 120_000

/** Evictions that were allowed and are not through yet, with when the next of them is given up. */
export interface Disruptions {
  pods: Record<string, string>
  recheckIn: number | undefined
  /** Pods that should have gone long ago. */
  overdue: Pod[]
}

export function pendingDisruptions(
  { status }: PodDisruptionBudget,
  pods: readonly Pod[],
  time: number,
): Disruptions {
  const result: Disruptions = { pods: {}, recheckIn: undefined, overdue: [] }
  for (const pod of pods) {
    const { name, deletionTimestamp } = pod.metadata
    const since = status?.disruptedPods?.[name] as string | undefined
    if (deletionTimestamp || since === undefined) continue
    const remaining = Date.parse(since) + DISRUPTION_TIMEOUT - time
    if (remaining <= 0) {
      result.overdue.push(pod)
      continue
    }
    result.pods[name] = since
    result.recheckIn = Math.min(result.recheckIn ?? remaining, remaining)
  }
  return result
}

/** How many of its Pods a budget wants healthy, of how many. `scale` is what their controllers want together. */
export function wantedHealthy(
  { spec }: PodDisruptionBudget,
  pods: readonly Pod[],
  scale: () => number,
): { expectedPods: number; desiredHealthy: number } {
  const { minAvailable, maxUnavailable } = spec
  if (maxUnavailable !== undefined && maxUnavailable !== null) {
    const expectedPods = scale()
    return { expectedPods, desiredHealthy: Math.max(0, expectedPods - scaled(maxUnavailable, expectedPods)) }
  }
  if (typeof minAvailable === 'string') {
    const expectedPods = scale()
    return { expectedPods, desiredHealthy: scaled(minAvailable, expectedPods) }
  }
  return { expectedPods: pods.length, desiredHealthy: minAvailable ?? 0 }
}

const scaled = (value: number | string, total: number): number =>
  typeof value === 'string' ? Math.ceil((Number.parseInt(value, 10) * total) / 100) : value

/** A budget's status by its Pods. */
export function budgetStatus(
  budget: PodDisruptionBudget,
  pods: readonly Pod[],
  disruptions: Disruptions,
  wanted: { expectedPods: number; desiredHealthy: number },
): Status {
  const isHealthy = (pod: Pod): boolean =>
    isReady(pod) && !pod.metadata.deletionTimestamp && !(pod.metadata.name in disruptions.pods)
  const currentHealthy = pods.filter(isHealthy).length
  const { expectedPods, desiredHealthy } = wanted
  const disruptionsAllowed = expectedPods > 0 ? Math.max(0, currentHealthy - desiredHealthy) : 0
  const isAllowed = disruptionsAllowed > 0
  return {
    currentHealthy,
    desiredHealthy,
    disruptionsAllowed,
    expectedPods,
    observedGeneration: budget.metadata.generation ?? 0,
    ...(Object.keys(disruptions.pods).length > 0 && { disruptedPods: disruptions.pods }),
    conditions: withCondition(budget, {
      status: isAllowed ? 'True' : 'False',
      reason: isAllowed ? 'SufficientPods' : 'InsufficientPods',
      message: '',
    }),
  }
}

/** The status when it cannot be worked out: nothing may be disrupted. */
export function failedStatus(budget: PodDisruptionBudget, message: string): Status {
  const counts = { currentHealthy: 0, desiredHealthy: 0, expectedPods: 0 }
  const condition = { status: 'False', reason: 'SyncFailed', message } as const
  return { ...counts, ...budget.status, disruptionsAllowed: 0, conditions: withCondition(budget, condition) }
}

function withCondition(
  { metadata, status }: PodDisruptionBudget,
  next: { status: 'True' | 'False'; reason: string; message: string },
): Condition[] {
  const type = 'DisruptionAllowed'
  const conditions = status?.conditions ?? []
  const old = conditions.find(condition => condition.type === type)
  const lastTransitionTime = old?.status === next.status ? old.lastTransitionTime : now()
  const observedGeneration = metadata.generation ?? 0
  return [
    ...conditions.filter(condition => condition !== old),
    { type, ...next, lastTransitionTime, observedGeneration },
  ]
}
