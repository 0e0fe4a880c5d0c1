import type { Pod } from '../../../api/kinds/types.ts'
import { podResource } from '../pods/resources.ts'
import type { EvictionSignal } from '../settings.ts'
import type { PodUsage } from '../stats/pod-usage.ts'

/** A Pod with what it uses of everything that can run short. */
export interface Candidate {
  pod: Pod
  /** Bytes. */
  memory: number
  /** Bytes of writable layers, logs and volumes that end with the Pod. */
  disk: number
  processes: number
  usage: PodUsage
}

type Order = (a: Candidate, b: Candidate) => number

const priority: Order = (a, b) => (a.pod.spec.priority ?? 0) - (b.pod.spec.priority ?? 0)
const over = (used: 'memory' | 'disk', resource: string) => (candidate: Candidate) =>
  candidate[used] - podResource(candidate.pod, 'requests', resource)
const exceeds =
  (excess: (candidate: Candidate) => number): Order =>
  (a, b) =>
    Number(excess(b) > 0) - Number(excess(a) > 0)
const larger =
  (excess: (candidate: Candidate) => number): Order =>
  (a, b) =>
    excess(b) - excess(a)

const overMemory = over('memory', 'memory')
const overDisk = over('disk', 'ephemeral-storage')

/** Who goes first: those that use more than they asked for, then by priority, then by how much more. */
const ORDERS: Record<EvictionSignal, Order[]> = {
  'memory.available': [exceeds(overMemory), priority, larger(overMemory)],
  'nodefs.available': [exceeds(overDisk), priority, larger(overDisk)],
  'nodefs.inodesFree': [priority, larger(overDisk)],
  'imagefs.available': [exceeds(overDisk), priority, larger(overDisk)],
  'imagefs.inodesFree': [priority, larger(overDisk)],
  'pid.available': [priority, larger(({ processes }) => processes)],
}

/** The order in which Pods are ended when a signal says that something runs short. */
export function rankPods(candidates: readonly Candidate[], signal: EvictionSignal): Candidate[] {
  const orders = ORDERS[signal]
  return [...candidates].sort((a, b) => {
    for (const order of orders) {
      const difference = order(a, b)
      if (difference !== 0) return difference
    }
    return 0
  })
}

/** `system-cluster-critical` and above. */
const CRITICAL = 2_000_000_000

/** Critical and static Pods stay, whatever runs short. */
export const isCritical = ({ spec, metadata }: Pod): boolean =>
  (spec.priority ?? 0) >= CRITICAL || metadata.annotations?.['kubernetes.io/config.source'] === 'file'
