import type { Pod, StatefulSet } from '../../../api/kinds/types.ts'
import { isAvailable, isReady, isTerminal } from '../pod-facts.ts'
import { REVISION_LABEL } from '../revisions/revisions.ts'
import { firstOrdinal, ordinalOf } from './identity.ts'

/** One thing to do to a set. `end` takes away a Pod that ended by itself, so that another takes its place. */
export type Step = { do: 'create'; ordinal: number } | { do: 'delete' | 'end'; pod: Pod }

export const isGoing = ({ metadata }: Pod): boolean => metadata.deletionTimestamp !== undefined
export const revisionOf = ({ metadata }: Pod): string | undefined => metadata.labels?.[REVISION_LABEL]

/** Pods by their place: those the set wants, and those beyond. */
export interface Places {
  ordinals: number[]
  wanted: Map<number, Pod>
  /** Highest first. */
  surplus: Pod[]
}

export function placesOf(set: StatefulSet, pods: readonly Pod[]): Places {
  const start = firstOrdinal(set)
  const ordinals = Array.from({ length: set.spec.replicas ?? 1 }, (_, i) => start + i)
  const numbered = pods.flatMap(pod => {
    const ordinal = ordinalOf(pod, set)
    return ordinal === undefined ? [] : [{ ordinal, pod }]
  })
  const isWanted = ({ ordinal }: { ordinal: number }): boolean =>
    ordinal >= start && ordinal < start + ordinals.length
  return {
    ordinals,
    wanted: new Map(numbered.filter(isWanted).map(({ ordinal, pod }) => [ordinal, pod])),
    surplus: numbered
      .filter(place => !isWanted(place))
      .sort((a, b) => b.ordinal - a.ordinal)
      .map(({ pod }) => pod),
  }
}

/**
 * What to do next (StatefulSet's rules: in order and one at a time, unless it is `Parallel`). Pure.
 * @param update name of the revision to come
 */
export function planSteps(set: StatefulSet, places: Places, update: string, now: number): Step[] {
  const isParallel = set.spec.podManagementPolicy === 'Parallel'
  const isUp = (pod: Pod): boolean =>
    !isGoing(pod) && isReady(pod) && isAvailable(pod, set.spec.minReadySeconds ?? 0, now)
  const steps: Step[] = []
  for (const ordinal of places.ordinals) {
    const pod = places.wanted.get(ordinal)
    const step = fillPlace(ordinal, pod)
    if (step) steps.push(step)
    if (!isParallel && (step || (pod && !isUp(pod)))) return steps
  }
  const leaving = isParallel ? places.surplus : nextToLeave(places.surplus)
  for (const pod of leaving) if (!isGoing(pod)) steps.push({ do: 'delete', pod })
  if (places.surplus.length > 0 && !isParallel) return steps
  if (steps.length > 0) return steps
  const step = rollNext(set, places, update, isUp)
  return step ? [step] : []
}

/** The last Pod, when it is well: one that is not waits for those before it, unless it is the only one. */
function nextToLeave(surplus: readonly Pod[]): readonly Pod[] {
  const isWell = (pod: Pod): boolean => isReady(pod) && !isGoing(pod)
  const [last] = surplus
  return last && (isWell(last) || surplus.findLast(pod => !isWell(pod)) === last) ? [last] : []
}

function fillPlace(ordinal: number, pod: Pod | undefined): Step | undefined {
  if (!pod) return { do: 'create', ordinal }
  return isTerminal(pod) && !isGoing(pod) ? { do: 'end', pod } : undefined
}

/** From the last place down to the partition, the first Pod of another revision goes; the next when it is back. */
function rollNext(
  set: StatefulSet,
  { ordinals, wanted }: Places,
  update: string,
  isUp: (pod: Pod) => boolean,
): Step | undefined {
  if (set.spec.updateStrategy?.type === 'OnDelete') return undefined
  const partition = set.spec.updateStrategy?.rollingUpdate?.partition ?? 0
  const first = firstOrdinal(set) + partition
  for (const ordinal of [...ordinals].reverse().filter(place => place >= first)) {
    const pod = wanted.get(ordinal)
    if (!pod) return undefined
    if (revisionOf(pod) !== update && !isGoing(pod)) return { do: 'delete', pod }
    if (!isUp(pod)) return undefined
  }
  return undefined
}

/** A place below the partition keeps the template in use until the partition is lowered. */
export function usesUpdate({ spec }: StatefulSet, first: number, ordinal: number): boolean {
  if (spec.updateStrategy?.type === 'OnDelete') return true
  return ordinal >= first + (spec.updateStrategy?.rollingUpdate?.partition ?? 0)
}
