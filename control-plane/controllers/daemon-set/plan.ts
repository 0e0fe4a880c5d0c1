import type { DaemonSet, Pod } from '../../../api/kinds/types.ts'
import { isAvailable, isTerminal } from '../pod-facts.ts'
import type { Placement } from './placement.ts'
import { isOfRevision } from './pods.ts'

/** A node and the set's Pods on it. */
export interface NodePods {
  name: string
  placement: Placement
  pods: Pod[]
}

/** What a pass does: nodes that get a Pod, Pods that go. `ended` are those that go because they ended by themselves. */
export interface Plan {
  create: string[]
  remove: Pod[]
  ended: Pod[]
}

const going = ({ metadata }: Pod): boolean => metadata.deletionTimestamp !== undefined
const byAge = (a: Pod, b: Pod): number =>
  a.metadata.creationTimestamp! < b.metadata.creationTimestamp! ? -1 : 1

/** Pods that are missing, have ended, are too many, or have no business on their node. Pure. */
export function planPlacement(set: DaemonSet, nodes: readonly NodePods[], hash: string): Plan {
  const plan: Plan = { create: [], remove: [], ended: [] }
  const surges = maxSurge(set, nodes) > 0
  for (const { name, placement, pods } of nodes) {
    const alive = pods.filter(pod => !going(pod))
    const running = alive.filter(pod => !isTerminal(pod)).sort(byAge)
    if (!placement.mayStay) plan.remove.push(...alive)
    else {
      plan.ended.push(...alive.filter(isTerminal))
      plan.remove.push(...surplus(running, hash, surges))
      if (placement.shouldRun && pods.length === 0) plan.create.push(name)
    }
  }
  return plan
}

/** Of several the oldest stays; while a new one comes up beside an old one, the oldest of either. */
function surplus(running: Pod[], hash: string, surges: boolean): Pod[] {
  if (!surges) return running.slice(1)
  const fresh = running.filter(pod => isOfRevision(pod, hash))
  const old = running.filter(pod => !isOfRevision(pod, hash))
  return [...fresh.slice(1), ...old.slice(1)]
}

/** Replaces Pods of older revisions, as many at a time as the strategy allows. Pure. `now` in milliseconds. */
export function planRollout(set: DaemonSet, nodes: readonly NodePods[], hash: string, now: number): Plan {
  const wanted = nodes.filter(({ placement }) => placement.shouldRun)
  const surge = maxSurge(set, nodes)
  return surge > 0 ? planSurge(set, wanted, hash, surge, now) : planReplace(set, wanted, hash, now)
}

interface Pair {
  name: string
  fresh: Pod | undefined
  old: Pod | undefined
}

const pairOf = ({ name, pods }: NodePods, hash: string): Pair => ({
  name,
  fresh: pods.find(pod => !going(pod) && isOfRevision(pod, hash)),
  old: pods.find(pod => !going(pod) && !isOfRevision(pod, hash)),
})

function planReplace(set: DaemonSet, nodes: readonly NodePods[], hash: string, now: number): Plan {
  const isUp = (pod: Pod): boolean => isAvailable(pod, set.spec.minReadySeconds ?? 0, now)
  const pairs = nodes.map(node => pairOf(node, hash))
  const broken = pairs.flatMap(({ old }) => (old && !isUp(old) ? [old] : []))
  const good = pairs.flatMap(({ old }) => (old && isUp(old) ? [old] : []))
  const down = pairs.filter(({ fresh, old }) => !old && !(fresh && isUp(fresh))).length + broken.length
  const allowed = Math.max(0, maxUnavailable(set, nodes.length) - down)
  return { create: [], remove: [...broken, ...good.slice(0, allowed)], ended: [] }
}

function planSurge(
  set: DaemonSet,
  nodes: readonly NodePods[],
  hash: string,
  surge: number,
  now: number,
): Plan {
  const isUp = (pod: Pod): boolean => isAvailable(pod, set.spec.minReadySeconds ?? 0, now)
  const pairs = nodes.map(node => pairOf(node, hash))
  const urgent = pairs.filter(({ fresh, old }) => old && !fresh && !isUp(old))
  const candidates = pairs.filter(({ fresh, old }) => old && !fresh && isUp(old))
  const coming = pairs.filter(({ fresh, old }) => old && fresh && !isUp(fresh)).length
  const replaced = pairs.flatMap(({ fresh, old }) => (old && fresh && isUp(fresh) ? [old] : []))
  const allowed = Math.max(0, surge - coming)
  const create = [...urgent, ...candidates.slice(0, allowed)].map(({ name }) => name)
  return { create, remove: replaced, ended: [] }
}

const rolling = ({ spec }: DaemonSet): any => spec.updateStrategy?.rollingUpdate ?? {}

const scaled = (value: number | string | undefined, total: number): number =>
  typeof value === 'string' ? Math.ceil((Number.parseInt(value, 10) * total) / 100) : (value ?? 0)

const maxSurge = (set: DaemonSet, nodes: readonly NodePods[]): number =>
  scaled(rolling(set).maxSurge, nodes.filter(({ placement }) => placement.shouldRun).length)

const maxUnavailable = (set: DaemonSet, total: number): number =>
  scaled(rolling(set).maxUnavailable ?? 1, total)
