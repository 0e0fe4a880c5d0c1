import { hostPortsClash } from '../../../api/meta/host-ports.ts'
import type { CycleState, NodeInfo, Resources, SchedulerPlugin } from '../../../plugins/scheduler.ts'
import { addResources, podEstimate, podRequests, subtractResources } from '../resources.ts'

const WORDS = { milliCpu: 'cpu', memory: 'memory', ephemeralStorage: 'ephemeral-storage' } as const

export const nodeResourcesFit: SchedulerPlugin = {
  name: 'NodeResourcesFit',
  filter(pod, { requested, allocatable }) {
    const wanted = podRequests(pod)
    const free = subtractResources(allocatable, requested)
    const short = shortages(wanted, free)
    const reason = [...(free.pods < 1 ? ['Too many pods'] : []), ...short.map(name => `Insufficient ${name}`)]
    if (reason.length === 0) return undefined
    return { reason, ...(shortages(wanted, allocatable).length > 0 && { unresolvable: true }) }
  },
  /** The emptier, the better (LeastAllocated). */
  score(pod, { estimated, allocatable }) {
    const wanted = podEstimate(pod)
    const free = (name: 'milliCpu' | 'memory'): number => {
      const total = estimated[name] + wanted[name]
      return allocatable[name] === 0 || total > allocatable[name] ? 0 : 1 - total / allocatable[name]
    }
    return (100 * (free('milliCpu') + free('memory'))) / 2
  },
}

/** Every resource there is too little of. */
function shortages(wanted: Resources, free: Resources): string[] {
  const names = Object.entries(WORDS).flatMap(([name, word]) => {
    const needed = wanted[name as keyof typeof WORDS]
    return needed > 0 && needed > free[name as keyof typeof WORDS] ? [word as string] : []
  })
  const extended = Object.entries(wanted.extended)
    .filter(([name, needed]) => needed > (free.extended[name] ?? 0))
    .map(([name]) => name)
  return [...names, ...extended]
}

/** Prefers nodes whose CPU and memory would be used alike. A Pod that requests nothing does not change that. */
export const balancedAllocation: SchedulerPlugin = {
  name: 'NodeResourcesBalancedAllocation',
  score(pod, { requested, allocatable }) {
    const wanted = podRequests(pod)
    if (wanted.milliCpu === 0 && wanted.memory === 0) return 0
    const total = addResources(requested, wanted)
    const share = (name: 'milliCpu' | 'memory'): number =>
      Math.min(1, total[name] / Math.max(1, allocatable[name]))
    return 100 * (1 - Math.abs(share('milliCpu') - share('memory')) / 2)
  },
}

export const nodePorts: SchedulerPlugin = {
  name: 'NodePorts',
  filter(pod, { pods }) {
    if (!hostPortsClash(pod, pods)) return undefined
    return { reason: "node(s) didn't have free ports for the requested pod ports" }
  },
}

/** Bytes of the images of a node, by name. */
const imagesOf = ({ node }: NodeInfo): Map<string, number> =>
  new Map(
    (node.status?.images ?? []).flatMap(({ names, sizeBytes }) =>
      (names ?? []).map(name => [name, sizeBytes ?? 0] as const),
    ),
  )

/** On how large a part of the nodes each image is: what is everywhere already tips no scale. */
function imageShares(state: CycleState): Map<string, number> {
  const known = state.get<Map<string, number>>('ImageLocality')
  if (known) return known
  const counts = new Map<string, number>()
  for (const info of state.nodes) {
    for (const name of imagesOf(info).keys()) counts.set(name, (counts.get(name) ?? 0) + 1)
  }
  const shares = new Map([...counts].map(([name, count]) => [name, count / state.nodes.length]))
  state.set('ImageLocality', shares)
  return shares
}

/** Prefers nodes that have the Pod's images, by their size. */
export const imageLocality: SchedulerPlugin = {
  name: 'ImageLocality',
  score({ spec }, info, state) {
    const images = imagesOf(info)
    if (images.size === 0) return 0
    const shares = imageShares(state)
    const bytes = spec.containers.reduce(
      (sum, { image = '' }) => sum + (images.get(image) ?? 0) * (shares.get(image) ?? 0),
      0,
    )
    const [least, most] = [23 * MIB, 1000 * MIB * spec.containers.length]
    return (100 * (Math.min(Math.max(bytes, least), most) - least)) / (most - least)
  },
}

const MIB = 1024 * 1024
