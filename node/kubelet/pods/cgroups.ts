import { existsSync } from 'node:fs'
import { mkdir, readdir, readFile, realpath, rmdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
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

let found: Promise<string[]> | undefined

/** Roots of the hierarchies that are mounted: one for v2, one a controller for v1. They do not change. */
function hierarchies(): Promise<string[]> {
  found ??= isUnified() ? Promise.resolve([ROOT]) : findV1()
  return found
}

async function findV1(): Promise<string[]> {
  const names = await readdir(ROOT).catch(() => [])
  const roots = names.map(name => join(ROOT, name)).filter(path => existsSync(join(path, 'cgroup.procs')))
  // `cpu` and `cpuacct` may be names of one hierarchy.
  return [...new Set(await Promise.all(roots.map(path => realpath(path))))]
}

/** Makes the Pod's cgroup with the limits that hold for all its containers together. */
export async function createPodCgroup(pod: Pod): Promise<void> {
  const parent = cgroupParent(pod)
  const levels = parent.split('/').filter(Boolean)
  await Promise.all((await hierarchies()).map(root => makeLevels(root, levels)))
  const { cpuShares, cpuQuota, memory } = podLimits(pod)
  if (isUnified()) {
    await set('', parent, 'cpu.weight', toWeight(cpuShares))
    if (cpuQuota) await set('', parent, 'cpu.max', `${cpuQuota} ${CPU_PERIOD}`)
    if (memory) await set('', parent, 'memory.max', memory)
    return
  }
  await set('cpu', parent, 'cpu.shares', cpuShares)
  if (cpuQuota) await set('cpu', parent, 'cpu.cfs_quota_us', cpuQuota)
  if (memory) await set('memory', parent, 'memory.limit_in_bytes', memory)
}

/**
 * Sets the weight of each class of Pods: Burstable ones together weigh what they request, best-effort ones next to
 * nothing (kubernetes/design-proposals, "Pod level resource management").
 */
export async function updateQosCgroups(pods: Pod[]): Promise<void> {
  const burstable = pods.filter(pod => qosClass(pod) === 'Burstable')
  const milliCpu = burstable.reduce((sum, pod) => sum + podResource(pod, 'requests', 'cpu'), 0)
  const shares = { burstable: cpuShares(milliCpu), besteffort: cpuShares(0) }
  for (const [name, value] of Object.entries(shares)) {
    const path = `/${KUBEPODS}/${name}`
    await Promise.all((await hierarchies()).map(root => makeLevels(root, [KUBEPODS, name])))
    if (isUnified()) await set('', path, 'cpu.weight', toWeight(value))
    else await set('cpu', path, 'cpu.shares', value)
  }
}

async function makeLevels(root: string, names: string[]): Promise<void> {
  let path = root
  for (const name of names) {
    const parent = path
    path = join(path, name)
    if (existsSync(path)) continue
    if (isUnified()) await delegate(parent)
    await mkdir(path).catch(ignoreExisting)
    if (existsSync(join(path, 'cpuset.cpus')) && !isUnified()) await inheritCpuset(parent, path)
  }
}

function ignoreExisting(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EEXIST') throw error
}

/** v1: a cpuset takes no process until it has cpus and memory nodes. */
async function inheritCpuset(parent: string, path: string): Promise<void> {
  for (const file of ['cpuset.cpus', 'cpuset.mems']) {
    await writeFile(join(path, file), await readFile(join(parent, file)))
  }
}

/** v2: hands a cgroup's controllers on to its children. */
async function delegate(path: string): Promise<void> {
  const controllers = (await readFile(join(path, 'cgroup.controllers'), 'utf8')).trim().split(/\s+/)
  for (const name of controllers.filter(Boolean))
    await writeFile(join(path, 'cgroup.subtree_control'), `+${name}`).catch(() => {})
}

/** A limit the kernel does not take must not keep a Pod from running: the containers have their own. */
const set = (controller: string, path: string, file: string, value: string | number): Promise<void> =>
  writeFile(join(ROOT, controller, path, file), String(value)).catch(() => {})

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
    const roots = await hierarchies()
    await Promise.all(roots.map(root => removeTree(join(root, parent))))
    if (!roots.some(root => existsSync(join(root, parent)))) return
    await new Promise(resolve => setTimeout(resolve, 50))
  }
}

async function removeTree(path: string): Promise<void> {
  const entries = await readdir(path, { withFileTypes: true }).catch(() => [])
  for (const entry of entries) if (entry.isDirectory()) await removeTree(join(path, entry.name))
  await rmdir(path).catch(() => {})
}

/** Cgroups of Pods, by the Pod's UID. */
export async function podCgroups(): Promise<Map<string, string>> {
  const cgroups = new Map<string, string>()
  for (const root of await hierarchies()) {
    for (const middle of ['', 'burstable', 'besteffort']) {
      const entries = await readdir(join(root, KUBEPODS, middle)).catch(() => [])
      const names = entries.filter(name => name.startsWith('pod'))
      for (const name of names) cgroups.set(name.slice(3), join('/', KUBEPODS, middle, name))
    }
  }
  return cgroups
}
