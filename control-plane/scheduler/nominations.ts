import type { Pod } from '../../api/kinds/types.ts'
import type { NodeInfo } from '../../plugins/scheduler.ts'
import { withPods } from './snapshot.ts'

/** Pods for which room is being made on a node: less important ones must not take it. */
export interface Nominations {
  set(pod: Pod, nodeName: string): void
  remove(pod: Pod): void
  /** The node as if the nominated Pods that are at least as important as this one were there; undefined without any. */
  withNominated(node: NodeInfo, pod: Pod): NodeInfo | undefined
}

export function createNominations(): Nominations {
  const byNode = new Map<string, Map<string, Pod>>()
  const nodeOf = new Map<string, string>()
  const remove = ({ metadata }: Pod): void => {
    const nodeName = nodeOf.get(metadata.uid!)
    if (nodeName === undefined) return
    nodeOf.delete(metadata.uid!)
    const pods = byNode.get(nodeName)
    pods?.delete(metadata.uid!)
    if (pods?.size === 0) byNode.delete(nodeName)
  }
  return {
    set(pod, nodeName) {
      remove(pod)
      nodeOf.set(pod.metadata.uid!, nodeName)
      const pods = byNode.get(nodeName) ?? new Map<string, Pod>()
      byNode.set(nodeName, pods.set(pod.metadata.uid!, pod))
    },
    remove,
    withNominated(node, pod) {
      const nominated = byNode.get(node.node.metadata.name)
      if (!nominated) return undefined
      const priority = pod.spec.priority ?? 0
      const others = [...nominated.values()].filter(
        other => other.metadata.uid !== pod.metadata.uid && (other.spec.priority ?? 0) >= priority,
      )
      return others.length > 0 ? withPods(node, others) : undefined
    },
  }
}
