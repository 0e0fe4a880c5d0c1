import type { Lease, Node } from '../../../api/kinds/types.ts'

/** How long a node may be silent, in milliseconds; longer until it has said something for the first time. */
const GRACE = 40_000
const STARTUP_GRACE = 60_000

type Condition = NonNullable<NonNullable<Node['status']>['conditions']>[number]

/** The conditions a kubelet reports; without news of it nobody knows them. */
const REPORTED = ['Ready', 'MemoryPressure', 'DiskPressure', 'PIDPressure']

export const readyOf = (node: Node): string | undefined =>
  node.status?.conditions?.find(({ type }) => type === 'Ready')?.status

/** Tells how long nodes have been silent, by our own clock: those of the nodes may be wrong. */
export interface HeartbeatWatch {
  /** Milliseconds until the node counts as silent; 0 or less when it does. */
  silentIn(node: Node, lease: Lease | undefined, now: number): number
  forget(name: string): void
}

export function createHeartbeatWatch(): HeartbeatWatch {
  const seen = new Map<string, { sign: string; at: number }>()
  return {
    silentIn(node, lease, now) {
      const { name } = node.metadata
      const ready = node.status?.conditions?.find(({ type }) => type === 'Ready')
      const sign = `${node.metadata.uid} ${lease?.spec?.renewTime} ${ready && ready.status !== 'Unknown' && ready.lastHeartbeatTime}`
      const last = seen.get(name)
      if (last?.sign !== sign) seen.set(name, { sign, at: now })
      const at = last?.sign === sign ? last.at : now
      return at + (ready ? GRACE : STARTUP_GRACE) - now
    },
    forget: name => void seen.delete(name),
  }
}

/** What is said of a node that stopped reporting; conditions that are unknown already stay as they are. */
export function unknownConditions({ status }: Node, time: string): Condition[] {
  const before = status?.conditions ?? []
  const others = before.filter(({ type }) => !REPORTED.includes(type))
  const unknown = REPORTED.map((type): Condition => {
    const known = before.find(condition => condition.type === type)
    if (known?.status === 'Unknown') return known
    if (!known) {
      return {
        type,
        status: 'Unknown',
        reason: 'NodeStatusNeverUpdated',
        message: 'Kubelet never posted node status.',
        lastTransitionTime: time,
      }
    }
    return {
      ...known,
      status: 'Unknown',
      reason: 'NodeStatusUnknown',
      message: 'Kubelet stopped posting node status.',
      lastTransitionTime: time,
    }
  })
  return [...others, ...unknown]
}
