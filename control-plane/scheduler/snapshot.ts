import type { Node, Pod } from '../../api/kinds/types.ts'
import { objectKey } from '../../api/meta/object.ts'
import type { CycleState, NodeInfo, Resources } from '../../plugins/scheduler.ts'
import {
  addResources,
  type Estimate,
  nodeAllocatable,
  noResources,
  podEstimate,
  podRequests,
  subtractResources,
} from './resources.ts'

interface Entry extends NodeInfo {
  pods: Pod[]
  requested: Resources
}

/** The nodes with what is on them, kept up to date by single changes. Pods that are being bound count already. */
export interface Snapshot {
  setNode(node: Node): void
  removeNode(name: string): void
  /** A Pod that has a node: of the API, or assumed. Replaces an earlier state of it. */
  setPod(pod: Pod): void
  removePod(key: string): void
  nodes(): readonly NodeInfo[]
  /** The node a Pod counts for. */
  nodeOf(key: string): string | undefined
}

const plus = (a: Estimate, b: Estimate, sign: 1 | -1): Estimate => ({
  milliCpu: a.milliCpu + sign * b.milliCpu,
  memory: a.memory + sign * b.memory,
})

/** A node as it would be if some of its Pods were gone. */
export function withoutPods(info: NodeInfo, gone: readonly Pod[]): NodeInfo {
  return {
    ...info,
    pods: info.pods.filter(pod => !gone.includes(pod)),
    requested: gone.reduce((left, pod) => subtractResources(left, podRequests(pod)), info.requested),
    estimated: gone.reduce((left, pod) => plus(left, podEstimate(pod), -1), info.estimated),
  }
}

/** A node as it would be with some Pods more. */
export function withPods(info: NodeInfo, more: readonly Pod[]): NodeInfo {
  return {
    ...info,
    pods: [...info.pods, ...more],
    requested: more.reduce((sum, pod) => addResources(sum, podRequests(pod)), info.requested),
    estimated: more.reduce((sum, pod) => plus(sum, podEstimate(pod), 1), info.estimated),
  }
}

const KNOWN = 'nodes of the cluster'

/** False for a node as it would be with other Pods on it. */
export function isOfCluster(info: NodeInfo, state: CycleState): boolean {
  let known = state.get<Set<NodeInfo>>(KNOWN)
  if (!known) {
    known = new Set(state.nodes)
    state.set(KNOWN, known)
  }
  return known.has(info)
}

export function createSnapshot(): Snapshot {
  const entries = new Map<string, Entry>()
  const placed = new Map<string, Pod>()
  const add = (pod: Pod): void => {
    const entry = entries.get(pod.spec.nodeName!)
    if (!entry) return
    entry.pods.push(pod)
    entry.requested = addResources(entry.requested, podRequests(pod))
    entry.estimated = plus(entry.estimated, podEstimate(pod), 1)
  }
  const drop = (pod: Pod): void => {
    const entry = entries.get(pod.spec.nodeName!)
    const at = entry?.pods.indexOf(pod) ?? -1
    if (!entry || at < 0) return
    entry.pods.splice(at, 1)
    entry.requested = subtractResources(entry.requested, podRequests(pod))
    entry.estimated = plus(entry.estimated, podEstimate(pod), -1)
  }
  return {
    setNode(node) {
      const known = entries.get(node.metadata.name)
      if (known) {
        known.node = node
        known.allocatable = nodeAllocatable(node)
        return
      }
      const entry = {
        node,
        pods: [],
        requested: noResources(),
        allocatable: nodeAllocatable(node),
        estimated: { milliCpu: 0, memory: 0 },
      }
      entries.set(node.metadata.name, entry)
      for (const pod of placed.values()) if (pod.spec.nodeName === node.metadata.name) add(pod)
    },
    removeNode: name => void entries.delete(name),
    setPod(pod) {
      const key = objectKey(pod)
      const known = placed.get(key)
      if (known) drop(known)
      placed.set(key, pod)
      add(pod)
    },
    removePod(key) {
      const known = placed.get(key)
      if (known) drop(known)
      placed.delete(key)
    },
    nodes: () => [...entries.values()],
    nodeOf: key => placed.get(key)?.spec.nodeName,
  }
}
