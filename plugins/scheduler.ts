import type { Node, Pod } from '../api/kinds/types.ts'

/** A node as the scheduler knows it, with what is (or is about to be) on it. Never change it. */
export interface NodeInfo {
  node: Node
  pods: readonly Pod[]
  /** What the Pods request, and what there is: milli-CPU, bytes, number of Pods. */
  requested: Resources
  allocatable: Resources
  /** CPU and memory requested when containers that request nothing count as a little: what nodes are compared by. */
  estimated: { milliCpu: number; memory: number }
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
  /** Labels of a namespace; undefined when it is not known. */
  namespaceLabels(name: string): Record<string, string> | undefined
  get<T>(key: string): T | undefined
  set(key: string, value: unknown): void
}

/** Why a node does not fit; `unresolvable` where taking Pods away would not help. */
export interface Misfit {
  /** One reason, or all of them, in words that follow a number of nodes: `Insufficient cpu`. */
  reason: string | readonly string[]
  unresolvable?: boolean
}

/** A Pod that waits for a node. */
export interface QueuedPod {
  pod: Pod
  /** When it began to wait. Milliseconds since the epoch. */
  since: number
}

/** A node and why it did not fit. */
export interface RejectedNode {
  node: NodeInfo
  misfit: Misfit
}

/** What is done for a Pod that fits nowhere: room is made on a node, or it is said why none is. */
export type PostFilterResult =
  | { nodeName: string; victims: readonly Pod[] }
  | { nodeName?: undefined; message: string }

/**
 * A step of the scheduling framework (kubernetes.io, "Scheduling Framework"). A step takes part in those extension points
 * whose method it has. Up to `reserve` methods must be quick and never wait; the later ones run beside the next Pods'
 * cycles and may take their time.
 */
export interface SchedulerPlugin {
  readonly name: string
  /** Weight of its score; 1 where left out. */
  readonly weight?: number
  /** Order of the queue: below 0 when `a` is to be tried first. Of several plugins that have it the last one's holds. */
  queueSort?(a: QueuedPod, b: QueuedPod): number
  /** Once for each Pod, before the nodes are looked at. A misfit says that no node will do. */
  preFilter?(pod: Pod, state: CycleState): Misfit | undefined | void
  /** undefined when the Pod fits the node. */
  filter?(pod: Pod, node: NodeInfo, state: CycleState): Misfit | undefined
  /** For a Pod that fits nowhere; the first plugin that has an answer gives it. */
  postFilter?(pod: Pod, state: CycleState, rejected: readonly RejectedNode[]): PostFilterResult | undefined
  preScore?(pod: Pod, nodes: readonly NodeInfo[], state: CycleState): void
  /** Any number, the more the better; 0 to 100 where `normalizeScore` is left out. */
  score?(pod: Pod, node: NodeInfo, state: CycleState): number
  /** Brings the scores of all nodes, by name, to 0 (worst) to 100. */
  normalizeScore?(pod: Pod, scores: Map<string, number>, state: CycleState): void
  /** The Pod is about to go to the node: sets aside what it needs there. Throws to refuse. */
  reserve?(pod: Pod, nodeName: string, state: CycleState): void
  /** Gives back what `reserve` set aside: the Pod did not get there. Must not throw; called also when it was not asked. */
  unreserve?(pod: Pod, nodeName: string, state: CycleState): void
  /** The binding waits until this resolves; a rejection refuses it. The signal aborts after 15 minutes. */
  permit?(pod: Pod, nodeName: string, state: CycleState, signal: AbortSignal): Promise<void>
  /** What has to be done before the Pod is bound (a volume made, an address reserved). */
  preBind?(pod: Pod, nodeName: string, state: CycleState): Promise<void>
  /** Takes the place of the built-in binding where the Pod is its own to bind; true when it did. */
  bind?(pod: Pod, nodeName: string): Promise<boolean>
  /** Told of a Pod that was bound. */
  postBind?(pod: Pod, nodeName: string): void
}
