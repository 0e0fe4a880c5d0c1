import type { Pod } from '../../../api/kinds/types.ts'
import type { NodeInfo, Resources, SchedulerPlugin } from '../../../plugins/scheduler.ts'
import { addResources, podRequests, subtractResources } from '../resources.ts'

const WORDS = { milliCpu: 'cpu', memory: 'memory', ephemeralStorage: 'ephemeral-storage' } as const

export const nodeResourcesFit: SchedulerPlugin = {
  name: 'NodeResourcesFit',
  filter(pod, { requested, allocatable }) {
    const wanted = podRequests(pod)
    const free = subtractResources(allocatable, requested)
    if (free.pods < 1) return { reason: 'Too many pods' }
    const short = shortage(wanted, free)
    if (!short) return undefined
    const neverFits = shortage(wanted, allocatable) !== undefined
    return { reason: `Insufficient ${short}`, ...(neverFits && { unresolvable: true }) }
  },
  /** The emptier, the better (LeastAllocated). */
  score(pod, node) {
    const [cpu, memory] = shares(pod, node)
    return Math.max(0, 100 * (1 - (cpu! + memory!) / 2))
  },
}

function shortage(wanted: Resources, free: Resources): string | undefined {
  for (const [name, word] of Object.entries(WORDS)) {
    const needed = wanted[name as keyof typeof WORDS]
    if (needed > 0 && needed > free[name as keyof typeof WORDS]) return word
  }
  return Object.entries(wanted.extended).find(([name, needed]) => needed > (free.extended[name] ?? 0))?.[0]
}

/** Containers that request nothing count as a little when nodes are compared (upstream's non-zero defaults). */
const LITTLE_CPU = 100
const LITTLE_MEMORY = 200 * 1024 * 1024

function shares(pod: Pod, { requested, allocatable, pods }: NodeInfo): number[] {
  const wanted = podRequests(pod)
  const silent = pods.length + 1
  const total = addResources(requested, wanted)
  return [
    Math.min(1, Math.max(total.milliCpu, silent * LITTLE_CPU) / Math.max(1, allocatable.milliCpu)),
    Math.min(1, Math.max(total.memory, silent * LITTLE_MEMORY) / Math.max(1, allocatable.memory)),
  ]
}

/** Prefers nodes whose CPU and memory would be used alike. */
export const balancedAllocation: SchedulerPlugin = {
  name: 'NodeResourcesBalancedAllocation',
  score(pod, node) {
    const [cpu, memory] = shares(pod, node)
    return 100 * (1 - Math.abs(cpu! - memory!) / 2)
  },
}

const hostPorts = ({ spec }: Pod): { hostIP?: string; hostPort?: number; protocol?: string }[] =>
  spec.containers.flatMap(({ ports }) => ports ?? []).filter(({ hostPort }) => hostPort)

export const nodePorts: SchedulerPlugin = {
  name: 'NodePorts',
  filter(pod, { pods }) {
    const wanted = hostPorts(pod)
    if (wanted.length === 0) return undefined
    const taken = pods.flatMap(hostPorts)
    const anyIP = (ip?: string): boolean => !ip || ip === '0.0.0.0'
    const clashes = wanted.some(({ hostIP, hostPort, protocol = 'TCP' }) =>
      taken.some(
        other =>
          other.hostPort === hostPort &&
          (other.protocol ?? 'TCP') === protocol &&
          (anyIP(hostIP) || anyIP(other.hostIP) || hostIP === other.hostIP),
      ),
    )
    return clashes ? { reason: "node(s) didn't have free ports for the requested pod ports" } : undefined
  },
}

/** Prefers nodes that have the Pod's images, by their size. */
export const imageLocality: SchedulerPlugin = {
  name: 'ImageLocality',
  score({ spec }, { node }) {
    const images = new Map(
      (node.status?.images ?? []).flatMap(({ names, sizeBytes }) =>
        (names ?? []).map(name => [name, sizeBytes ?? 0] as const),
      ),
    )
    const bytes = spec.containers.reduce((sum, { image }) => sum + (images.get(image ?? '') ?? 0), 0)
    const [least, most] = [23 * MIB, 1000 * MIB * spec.containers.length]
    return (100 * (Math.min(Math.max(bytes, least), most) - least)) / (most - least)
  },
}

const MIB = 1024 * 1024
