import type { Node, Pod } from '../../api/kinds/types.ts'
import { objectKey } from '../../api/meta/object.ts'
import type { NodeInfo, Resources } from '../../plugins/scheduler.ts'
import { addResources, nodeAllocatable, noResources, podRequests, subtractResources } from './resources.ts'

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

export function createSnapshot(): Snapshot {
  const entries = new Map<string, Entry>()
  const placed = new Map<string, Pod>()
  const add = (pod: Pod): void => {
    const entry = entries.get(pod.spec.nodeName!)
    if (!entry) return
    entry.pods.push(pod)
    entry.requested = addResources(entry.requested, podRequests(pod))
  }
  const drop = (pod: Pod): void => {
    const entry = entries.get(pod.spec.nodeName!)
    const at = entry?.pods.indexOf(pod) ?? -1
    if (!entry || at < 0) return
    entry.pods.splice(at, 1)
    entry.requested = subtractResources(entry.requested, podRequests(pod))
  }
  return {
    setNode(node) {
      const known = entries.get(node.metadata.name)
      if (known) {
        known.node = node
        known.allocatable = nodeAllocatable(node)
        return
      }
      const entry = { node, pods: [], requested: noResources(), allocatable: nodeAllocatable(node) }
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
