import type { Pod } from '../../../api/kinds/types.ts'
import { parseQuantity, quantityMilli } from '../../../api/meta/quantity.ts'
import { isReady } from '../pod-facts.ts'
import type { PodSamples } from './metrics-api.ts'

/** A load so near to the target changes nothing. */
const TOLERANCE = 0.1
/** What a Pod uses in its first time says little of its load: upstream's periods. Milliseconds. */
const CPU_INITIALIZATION = 300_000
const INITIAL_READINESS = 30_000

/** How many Pods a metric asks for, and what it is at now. */
export interface Proposal {
  replicas: number
  /** Average per Pod in thousandths. */
  average: number
  /** Per cent of what the Pods request. */
  utilization?: number
}

export const isTolerable = (ratio: number): boolean => Math.abs(1 - ratio) <= TOLERANCE

interface Grouped {
  measured: Pod[]
  unready: Pod[]
  missing: Pod[]
}

/** Pods by what can be said of their load. Those that are over or going count for nothing. */
function group(pods: readonly Pod[], samples: PodSamples, resource: string, now: number): Grouped {
  const grouped: Grouped = { measured: [], unready: [], missing: [] }
  for (const pod of pods) {
    if (pod.metadata.deletionTimestamp || pod.status?.phase === 'Failed') continue
    const sample = samples.get(pod.metadata.name)
    if (pod.status?.phase === 'Pending') grouped.unready.push(pod)
    else if (!sample) grouped.missing.push(pod)
    else if (resource === 'cpu' && isStarting(pod, sample, now)) grouped.unready.push(pod)
    else grouped.measured.push(pod)
  }
  return grouped
}

function isStarting(pod: Pod, { at, window }: { at: number; window: number }, now: number): boolean {
  const ready = pod.status?.conditions?.find(({ type }) => type === 'Ready')
  const started = Date.parse(pod.status?.startTime ?? '')
  if (!ready || Number.isNaN(started)) return true
  const changed = Date.parse(ready.lastTransitionTime ?? '')
  if (started + CPU_INITIALIZATION > now) return !isReady(pod) || at < changed + window
  return !isReady(pod) && started + INITIAL_READINESS > changed
}

/** The amount of a resource a Pod requests, in thousandths. @throws Error when a container does not say */
function requestOf({ spec, metadata }: Pod, resource: string, container: string | undefined): number {
  const counted = spec.containers.filter(({ name }) => container === undefined || name === container)
  return counted.reduce((sum, { name, resources }) => {
    const request = (resources?.requests as Record<string, unknown> | undefined)?.[resource]
    if (request === undefined) {
      throw new Error(`missing request for ${resource} in container ${name} of Pod ${metadata.name}`)
    }
    return sum + Number(quantityMilli(parseQuantity(String(request))))
  }, 0)
}

/** What a metric of Pods aims at: a part of what they request, or an amount for each in thousandths. */
export type PodTarget = { utilization: number } | { average: number }

export interface PodMetric {
  resource: string
  container?: string
  target: PodTarget
}

/**
 * How many Pods would bring the load of each to its target (the ReplicaCalculator's rules): Pods without a measurement are
 * taken for idle when more are wanted and for busy when fewer are. `now` in milliseconds.
 */
export function proposeByPods(
  current: number,
  pods: readonly Pod[],
  samples: PodSamples,
  { resource, container, target }: PodMetric,
  now: number,
): Proposal {
  const { measured, unready, missing } = group(pods, samples, resource, now)
  if (measured.length === 0)
    throw new Error('did not receive metrics for targeted pods (pods might be unready)')
  const goalOf = (pod: Pod): number =>
    'average' in target ? target.average : (requestOf(pod, resource, container) * target.utilization) / 100
  const usage = measured.reduce((sum, { metadata }) => sum + samples.get(metadata.name)!.value, 0)
  const goal = measured.reduce((sum, pod) => sum + goalOf(pod), 0)
  const ratio = usage / goal
  const average = usage / measured.length
  const utilization = 'average' in target ? undefined : Math.floor(ratio * target.utilization + 1e-9)
  const shown = { average, ...(utilization !== undefined && { utilization }) }
  const isMore = ratio > 1
  if (missing.length === 0 && (unready.length === 0 || !isMore)) {
    const replicas = isTolerable(ratio) ? current : Math.ceil(ratio * measured.length - 1e-9)
    return { replicas, ...shown }
  }
  const idle = isMore ? [...missing, ...unready] : []
  const busy = isMore ? [] : missing
  const all = goal + [...idle, ...busy].reduce((sum, pod) => sum + goalOf(pod), 0)
  const adjusted = (usage + busy.reduce((sum, pod) => sum + fullOf(pod), 0)) / all
  const wanted = Math.ceil(adjusted * (measured.length + idle.length + busy.length) - 1e-9)
  const isTurned = adjusted > 1 !== isMore
  const goesBack = isMore ? wanted < current : wanted > current
  return { replicas: isTolerable(adjusted) || isTurned || goesBack ? current : wanted, ...shown }

  /** What a Pod without a measurement is taken to use when fewer are wanted. */
  function fullOf(pod: Pod): number {
    if ('average' in target) return target.average
    return (requestOf(pod, resource, container) * Math.max(100, target.utilization)) / 100
  }
}

/** How many Pods bring a value that is shared by all of them to its target. */
export function proposeByValue(current: number, ready: number, value: number, target: number): Proposal {
  const ratio = value / target
  const replicas = isTolerable(ratio) ? current : Math.ceil(ratio * ready - 1e-9)
  return { replicas, average: value / Math.max(1, current) }
}

/** How many Pods it takes for each to have no more than its share of a value. */
export function proposeByShare(current: number, value: number, target: number): Proposal {
  const ratio = value / (target * Math.max(1, current))
  const replicas = isTolerable(ratio) ? current : Math.ceil(value / target - 1e-9)
  return { replicas, average: value / Math.max(1, current) }
}
