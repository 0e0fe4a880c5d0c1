import type { Pod } from '../../../api/kinds/types.ts'
import { compareQuantity, parseQuantity } from '../../../api/meta/quantity.ts'

export type QosClass = 'Guaranteed' | 'Burstable' | 'BestEffort'

type Resources = Partial<Record<'requests' | 'limits', Record<string, unknown>>> | undefined

const COUNTED = ['cpu', 'memory']

/**
 * The Pod's quality of service: Guaranteed when every container (or the Pod as a whole) has limits of cpu and memory that
 * equal its requests, BestEffort when nothing asks for anything.
 */
export function qosClass({ spec }: Pod): QosClass {
  const ofPod = (spec as { resources?: Resources }).resources
  const all: Resources[] = ofPod
    ? [ofPod]
    : [...(spec.initContainers ?? []), ...spec.containers].map(({ resources }) => resources as Resources)
  if (!all.some(resources => asksFor(resources?.requests) || asksFor(resources?.limits))) return 'BestEffort'
  return all.every(isExact) ? 'Guaranteed' : 'Burstable'
}

const asksFor = (list: Record<string, unknown> | undefined): boolean =>
  COUNTED.some(name => isSome(list?.[name]))

const isSome = (value: unknown): boolean => value !== undefined && parseQuantity(String(value)).nano > 0n

const isExact = (resources: Resources): boolean =>
  COUNTED.every(name => {
    const limit = resources?.limits?.[name]
    const request = resources?.requests?.[name] ?? limit
    return isSome(limit) && compareQuantity(String(limit), String(request)) === 0
  })

/** The kernel's oom_score_adj: Guaranteed Pods are killed last, best-effort ones first, others by their share of memory. */
export function oomScoreAdjust(pod: Pod, memoryRequest: number, memoryCapacity: number): number {
  const qos = qosClass(pod)
  if (qos === 'Guaranteed' || isCritical(pod)) return GUARANTEED
  if (qos === 'BestEffort') return BEST_EFFORT
  const score = BEST_EFFORT - Math.floor((BEST_EFFORT * memoryRequest) / memoryCapacity)
  return Math.min(BEST_EFFORT - 1, Math.max(BEST_EFFORT + GUARANTEED, score))
}

const GUARANTEED = -997
const BEST_EFFORT = 1000
/** system-node-critical and above. */
const CRITICAL_PRIORITY = 2_000_001_000

const isCritical = ({ spec }: Pod): boolean => (spec.priority ?? 0) >= CRITICAL_PRIORITY
