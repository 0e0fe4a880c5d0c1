import type { Node, Pod } from '../api/kinds/types.ts'

/** A node as the scheduler knows it, with what is (or is about to be) on it. Never change it. */
export interface NodeInfo {
  node: Node
  pods: readonly Pod[]
  /** What the Pods request, and what there is: milli-CPU, bytes, number of Pods. */
  requested: Resources
  allocatable: Resources
}

export interface Resources {
  milliCpu: number
  memory: number
  ephemeralStorage: number
  pods: number
  /** Extended resources by name. */
  extended: Record<string, number>
}

/** What one Pod's steps share within one scheduling cycle. */
export interface CycleState {
  /** All nodes of the cluster, those filtered out included. */
  readonly nodes: readonly NodeInfo[]
  get<T>(key: string): T | undefined
  set(key: string, value: unknown): void
}

/** Why a node does not fit; `unresolvable` where taking Pods away would not help. */
export interface Misfit {
  reason: string
  unresolvable?: boolean
}

/**
 * A step of the scheduling framework (kubernetes.io, "Scheduling Framework"). A step takes part in those extension points
 * whose method it has; all methods but `bind` must be quick and never wait.
 */
export interface SchedulerPlugin {
  readonly name: string
  /** Weight of its score; 1 where left out. */
  readonly weight?: number
  preFilter?(pod: Pod, state: CycleState): void
  /** undefined when the Pod fits the node. */
  filter?(pod: Pod, node: NodeInfo, state: CycleState): Misfit | undefined
  preScore?(pod: Pod, nodes: readonly NodeInfo[], state: CycleState): void
  /** 0 (worst) to 100. */
  score?(pod: Pod, node: NodeInfo, state: CycleState): number
  /** Takes the place of the built-in binding where the Pod is its own to bind; true when it did. */
  bind?(pod: Pod, nodeName: string): Promise<boolean>
}
