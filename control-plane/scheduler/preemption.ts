import type { Pod } from '../../api/kinds/types.ts'
import type { NodeInfo, SchedulerPlugin } from '../../plugins/scheduler.ts'
import { schedulePod } from './framework.ts'
import { podRequests, subtractResources } from './resources.ts'

/** The node that would have room if these Pods of lower priority went. */
export interface Preemption {
  nodeName: string
  victims: Pod[]
}

const priorityOf = ({ spec }: Pod): number => spec.priority ?? 0

/**
 * Finds the node where taking away the fewest and least important Pods would let a Pod in. Pods are put back, the most
 * important first, as long as the Pod still fits. Pure.
 */
export function findPreemption(
  pod: Pod,
  candidates: NodeInfo[],
  all: readonly NodeInfo[],
  steps: readonly SchedulerPlugin[],
): Preemption | undefined {
  if (pod.spec.preemptionPolicy === 'Never') return undefined
  const options = candidates.flatMap(node => {
    const victims = victimsOn(pod, node, all, steps)
    return victims && victims.length > 0 ? [{ nodeName: node.node.metadata.name, victims }] : []
  })
  const cost = ({ victims }: Preemption): number[] => [Math.max(...victims.map(priorityOf)), victims.length]
  options.sort((a, b) => cost(a)[0]! - cost(b)[0]! || cost(a)[1]! - cost(b)[1]!)
  return options[0]
}

function victimsOn(
  pod: Pod,
  node: NodeInfo,
  all: readonly NodeInfo[],
  steps: readonly SchedulerPlugin[],
): Pod[] | undefined {
  const lower = node.pods.filter(other => priorityOf(other) < priorityOf(pod))
  if (lower.length === 0) return undefined
  const fitsWithout = (gone: Pod[]): boolean => {
    const changed = without(node, gone)
    const others = all.map(info => (info === node ? changed : info))
    return schedulePod(pod, [changed], steps).nodeName !== undefined && others.length > 0
  }
  if (!fitsWithout(lower)) return undefined
  let victims = lower
  for (const saved of [...lower].sort((a, b) => priorityOf(b) - priorityOf(a))) {
    const fewer = victims.filter(victim => victim !== saved)
    if (fitsWithout(fewer)) victims = fewer
  }
  return victims
}

function without(node: NodeInfo, gone: Pod[]): NodeInfo {
  return {
    ...node,
    pods: node.pods.filter(pod => !gone.includes(pod)),
    requested: gone.reduce((left, pod) => subtractResources(left, podRequests(pod)), node.requested),
  }
}
