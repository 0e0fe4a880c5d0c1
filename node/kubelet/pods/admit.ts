import type { Node, Pod } from '../../../api/kinds/types.ts'
import { hostPortsClash } from '../../../api/meta/host-ports.ts'
import type { Rejection } from './context.ts'
import { amount, podResource, requestedNames } from './resources.ts'

/** What a node can give to Pods. */
type Allocatable = NonNullable<Node['status']>['allocatable']

const PORTS_TAKEN: Rejection = {
  reason: 'NodePorts',
  message: "Predicate NodePorts failed: node(s) didn't have free ports for the requested pod ports",
}

/**
 * The kubelet's own look at a Pod that was bound to it: two schedulers, or a Pod that names its node, may have given the
 * node more than it has. Undefined when there is room.
 */
export const admitPod = (pod: Pod, others: readonly Pod[], allocatable: Allocatable): Rejection | undefined =>
  shortage(pod, others, allocatable) ?? (hostPortsClash(pod, others) ? PORTS_TAKEN : undefined)

function shortage(pod: Pod, others: readonly Pod[], allocatable: Allocatable): Rejection | undefined {
  const most = amount('pods', allocatable?.pods)
  if (others.length + 1 > most) return outOf('pods', 1, others.length, most)
  for (const name of requestedNames(pod)) {
    const requested = podResource(pod, 'requests', name)
    const available = allocatable?.[name]
    // What no node has of itself (extended resources) is the business of whoever offers it.
    if (requested === 0 || available === undefined) continue
    const used = others.reduce((sum, other) => sum + podResource(other, 'requests', name), 0)
    const capacity = amount(name, available)
    if (used + requested > capacity) return outOf(name, requested, used, capacity)
  }
  return undefined
}

/** Whether a Pod that is here can have what its spec asks for by now: never, not beside the others, or at once. */
export function resizeFits(
  pod: Pod,
  others: readonly Pod[],
  allocatable: Allocatable,
): { reason: 'Deferred' | 'Infeasible'; message: string } | undefined {
  for (const name of ['cpu', 'memory']) {
    const requested = podResource(pod, 'requests', name)
    const capacity = amount(name, allocatable?.[name])
    if (requested <= capacity) continue
    const message = `Node didn't have enough capacity: ${name}, requested: ${requested}, capacity: ${capacity}`
    return { reason: 'Infeasible', message }
  }
  const refusal = shortage(pod, others, allocatable)
  return refusal && { reason: 'Deferred', message: refusal.message }
}

const outOf = (name: string, requested: number, used: number, capacity: number): Rejection => ({
  reason: `OutOf${name}`,
  message: `Node didn't have enough resource: ${name}, requested: ${requested}, used: ${used}, capacity: ${capacity}`,
})
