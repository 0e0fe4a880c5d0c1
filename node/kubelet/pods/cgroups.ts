import { existsSync, mkdirSync, readdirSync, readFileSync, realpathSync, writeFileSync } from 'node:fs'
import { readdir, rmdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { Pod } from '../../../api/kinds/types.ts'
import { qosClass } from './qos.ts'
import { isLimited, podResource } from './resources.ts'

const ROOT = '/sys/fs/cgroup'
const KUBEPODS = 'kubepods'

/** The parent the runtime puts a Pod's containers in, for the cgroupfs driver: `/kubepods/burstable/podUID`. */
export function cgroupParent(pod: Pod): string {
  const qos = qosClass(pod)
  const middle = qos === 'Guaranteed' ? '' : `/${qos.toLowerCase()}`
  return `/${KUBEPODS}${middle}/pod${pod.metadata.uid}`
}

const isUnified = (): boolean => existsSync(join(ROOT, 'cgroup.controllers'))

let found: string[] | undefined

/** Roots of the hierarchies that are mounted: one for v2, one a controller for v1. They do not change. */
function hierarchies(): string[] {
  found ??= isUnified() ? [ROOT] : findV1()
  return found
}

function findV1(): string[] {
  if (!existsSync(ROOT)) return []
  const roots = readdirSync(ROOT).map(name => join(ROOT, name))
  const mounted = roots.filter(path => existsSync(join(path, 'cgroup.procs')))
  // `cpu` and `cpuacct` may be names of one hierarchy.
  return [...new Set(mounted.map(path => realpathSync(path)))]
}

/**
 * Makes the Pod's cgroup with the limits that hold for all its containers together. On v1 only where there is something
 * to limit: the runtime makes the others itself. Synchronous, since each step is shorter than handing it to a thread.
 */
export function createPodCgroup(pod: Pod): void {
  const parent = cgroupParent(pod)
  const levels = parent.split('/').filter(Boolean)
  const roots = isUnified() ? [ROOT] : [join(ROOT, 'cpu'), join(ROOT, 'memory')]
  for (const root of roots) if (existsSync(root)) makeLevels(root, levels)
  const { cpuShares, cpuQuota, memory } = podLimits(pod)
  if (isUnified()) {
    set('', parent, 'cpu.weight', toWeight(cpuShares))
    if (cpuQuota) set('', parent, 'cpu.max', `${cpuQuota} ${CPU_PERIOD}`)
    if (memory) set('', parent, 'memory.max', memory)
    return
  }
  set('cpu', parent, 'cpu.shares', cpuShares)
  if (cpuQuota) set('cpu', parent, 'cpu.cfs_quota_us', cpuQuota)
  if (memory) set('memory', parent, 'memory.limit_in_bytes', memory)
}

/** Sets the limits of a Pod that runs; those it has no more are taken away. */
export function updatePodCgroup(pod: Pod): void {
  const parent = cgroupParent(pod)
  const { cpuShares, cpuQuota, memory } = podLimits(pod)
  if (isUnified()) {
    set('', parent, 'cpu.weight', toWeight(cpuShares))
    set('', parent, 'cpu.max', `${cpuQuota ?? 'max'} ${CPU_PERIOD}`)
    set('', parent, 'memory.max', memory ?? 'max')
    return
  }
  set('cpu', parent, 'cpu.shares', cpuShares)
  set('cpu', parent, 'cpu.cfs_quota_us', cpuQuota ?? -1)
  set('memory', parent, 'memory.limit_in_bytes', memory ?? -1)
}

/**
 * Makes the cgroups of the classes of Pods and sets the weight of each: Burstable ones together weigh what they request,
 * best-effort ones next to nothing (kubernetes/design-proposals, "Pod level resource management").
 */
export function updateQosCgroups(pods: Pod[]): void {
  const burstable = pods.filter(pod => qosClass(pod) === 'Burstable')
  const milliCpu = burstable.reduce((sum, pod) => sum + podResource(pod, 'requests', 'cpu'), 0)
  const shares = { burstable: cpuShares(milliCpu), besteffort: cpuShares(0) }
  for (const [name, value] of Object.entries(shares)) {
    for (const root of hierarchies()) makeLevels(root, [KUBEPODS, name])
    if (isUnified()) set('', `/${KUBEPODS}/${name}`, 'cpu.weight', toWeight(value))
    else set('cpu', `/${KUBEPODS}/${name}`, 'cpu.shares', value)
  }
}

function makeLevels(root: string, names: string[]): void {
  const path = join(root, ...names)
  if (existsSync(path)) return
  const parent = dirname(path)
  if (names.length > 1) makeLevels(root, names.slice(0, -1))
  if (isUnified()) delegate(parent)
  mkdirSync(path, { recursive: true })
  if (!isUnified() && existsSync(join(path, 'cpuset.cpus'))) inheritCpuset(parent, path)
}

/** v1: a cpuset takes no process until it has cpus and memory nodes. */
function inheritCpuset(parent: string, path: string): void {
  for (const file of ['cpuset.cpus', 'cpuset.mems']) {
    writeFileSync(join(path, file), readFileSync(join(parent, file)))
  }
}

/** v2: hands a cgroup's controllers on to its children. */
function delegate(path: string): void {
  const controllers = readFileSync(join(path, 'cgroup.controllers'), 'utf8').trim().split(/\s+/)
  for (const name of controllers.filter(Boolean)) attempt(() => writeControl(path, name))
}

const writeControl = (path: string, controller: string): void =>
  writeFileSync(join(path, 'cgroup.subtree_control'), `+${controller}`)

/** A limit the kernel does not take must not keep a Pod from running: the containers have their own. */
const set = (controller: string, path: string, file: string, value: string | number): void =>
  attempt(() => writeFileSync(join(ROOT, controller, path, file), String(value)))

function attempt(work: () => void): void {
  try {
    work()
  } catch {
    // Told by the comment at each use.
  }
}

const CPU_PERIOD = 100_000
/** The least quota the kernel takes, in microseconds. */
const LEAST_QUOTA = 1_000

/** A limit holds for the Pod as a whole only if every container has one. */
function podLimits(pod: Pod) {
  const quota = (podResource(pod, 'limits', 'cpu') * CPU_PERIOD) / 1000
  return {
    cpuShares: cpuShares(podResource(pod, 'requests', 'cpu')),
    cpuQuota: isLimited(pod, 'cpu') ? Math.max(quota, LEAST_QUOTA) : undefined,
    memory: isLimited(pod, 'memory') ? podResource(pod, 'limits', 'memory') : undefined,
  }
}

/** v1 shares of so many thousandths of a core; 2 is the least the kernel takes. */
export const cpuShares = (milliCpu: number): number => Math.max(2, Math.floor((milliCpu * 1024) / 1000))

/** v2 weight that corresponds to v1 shares (KEP-2254). */
const toWeight = (shares: number): number => 1 + Math.floor(((shares - 2) * 9999) / 262142)

/** Removes the Pod's cgroups; tries for a moment while the last processes go. */
export async function removePodCgroup(parent: string): Promise<void> {
  for (let tries = 0; tries < 20; tries++) {
    const left = hierarchies().filter(root => existsSync(join(root, parent)))
    if (left.length === 0) return
    if (tries > 0) await new Promise(resolve => setTimeout(resolve, 50))
    for (const root of left) await removeTree(join(root, parent))
  }
}

/** A cgroup that has no processes and no children goes by one rmdir. */
async function removeTree(path: string): Promise<void> {
  const isGone = await rmdir(path).then(
    () => true,
    ({ code }) => code === 'ENOENT',
  )
  if (isGone) return
  const entries = await readdir(path, { withFileTypes: true }).catch(() => [])
  for (const entry of entries) if (entry.isDirectory()) await removeTree(join(path, entry.name))
  await rmdir(path).catch(() => {})
}

/** Cgroups of Pods, by the Pod's UID. */
export async function podCgroups(): Promise<Map<string, string>> {
  const cgroups = new Map<string, string>()
  for (const root of hierarchies()) {
    for (const middle of ['', 'burstable', 'besteffort']) {
      const entries = await readdir(join(root, KUBEPODS, middle)).catch(() => [])
      const names = entries.filter(name => name.startsWith('pod'))
      for (const name of names) cgroups.set(name.slice(3), join('/', KUBEPODS, middle, name))
    }
  }
  return cgroups
}
