import { existsSync } from 'node:fs'
import { mkdir, readdir, readFile, rmdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Pod } from '../../../api/kinds/types.ts'
import { compareQuantity, parseQuantity, quantityMilli, quantityValue } from '../../../api/meta/quantity.ts'

const ROOT = '/sys/fs/cgroup'
/** Hierarchies of cgroup v1 the kubelet makes Pod cgroups in; the runtime makes the rest itself. */
const V1_CONTROLLERS = [
  'cpu',
  'cpuacct',
  'cpuset',
  'memory',
  'pids',
  'blkio',
  'devices',
  'freezer',
  'systemd',
]

export type QosClass = 'Guaranteed' | 'Burstable' | 'BestEffort'

/** The Pod's quality of service (Guaranteed: every container has limits equal to requests of cpu and memory). */
export function qosClass(pod: Pod): QosClass {
  const containers = [...(pod.spec.initContainers ?? []), ...pod.spec.containers]
  const hasAny = containers.some(
    ({ resources }) => nonZero(resources?.requests) || nonZero(resources?.limits),
  )
  if (!hasAny) return 'BestEffort'
  const isGuaranteed = containers.every(({ resources }) =>
    ['cpu', 'memory'].every(name => {
      const limit = resources?.limits?.[name]
      const request = resources?.requests?.[name] ?? limit
      return limit !== undefined && compareQuantity(String(limit), String(request)) === 0
    }),
  )
  return isGuaranteed ? 'Guaranteed' : 'Burstable'
}

const nonZero = (list: Record<string, unknown> | undefined): boolean =>
  ['cpu', 'memory'].some(
    name => list?.[name] !== undefined && quantityMilli(parseQuantity(String(list[name]))) > 0n,
  )

/** The parent the runtime puts a Pod's containers in, for the cgroupfs driver: `/kubepods/burstable/podUID`. */
export function cgroupParent(pod: Pod): string {
  const qos = qosClass(pod)
  const middle = qos === 'Guaranteed' ? '' : `/${qos.toLowerCase()}`
  return `/kubepods${middle}/pod${pod.metadata.uid}`
}

const isUnified = (): boolean => existsSync(join(ROOT, 'cgroup.controllers'))

const hierarchies = (): string[] =>
  isUnified() ? [ROOT] : V1_CONTROLLERS.map(name => join(ROOT, name)).filter(path => existsSync(path))

/** Makes the Pod's cgroup with the limits that hold for all its containers together. */
export async function createPodCgroup(pod: Pod): Promise<void> {
  const parent = cgroupParent(pod)
  await Promise.all(hierarchies().map(root => makeLevels(root, parent.split('/').filter(Boolean))))
  const limits = podLimits(pod)
  if (isUnified()) {
    await set(join(ROOT, parent), 'cpu.weight', String(toWeight(limits.cpuShares)))
    if (limits.cpuQuota) await set(join(ROOT, parent), 'cpu.max', `${limits.cpuQuota} ${CPU_PERIOD}`)
    if (limits.memory) await set(join(ROOT, parent), 'memory.max', String(limits.memory))
    return
  }
  await set(join(ROOT, 'cpu', parent), 'cpu.shares', String(limits.cpuShares))
  if (limits.cpuQuota) await set(join(ROOT, 'cpu', parent), 'cpu.cfs_quota_us', String(limits.cpuQuota))
  if (limits.memory) await set(join(ROOT, 'memory', parent), 'memory.limit_in_bytes', String(limits.memory))
}

async function makeLevels(root: string, names: string[]): Promise<void> {
  let path = root
  for (const name of names) {
    const parent = path
    path = join(path, name)
    if (existsSync(path)) continue
    if (isUnified()) await delegate(parent)
    await mkdir(path).catch(ignoreExisting)
    if (root.endsWith('/cpuset')) await inheritCpuset(parent, path)
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
  const controllers = (await readFile(join(path, 'cgroup.controllers'), 'utf8'))
    .trim()
    .split(/\s+/)
    .filter(Boolean)
  for (const name of controllers)
    await writeFile(join(path, 'cgroup.subtree_control'), `+${name}`).catch(() => {})
}

/** A limit the kernel does not take must not keep a Pod from running: the containers have their own. */
const set = (path: string, file: string, value: string): Promise<void> =>
  writeFile(join(path, file), value).catch(() => {})

const CPU_PERIOD = 100_000

interface PodLimits {
  cpuShares: number
  cpuQuota: number | undefined
  memory: number | undefined
}

/** Sums over the containers; a limit holds for the Pod only if every container has one. */
function podLimits({ spec }: Pod): PodLimits {
  const sum = (kind: 'requests' | 'limits', name: string, read: (text: string) => bigint): bigint =>
    spec.containers.reduce(
      (total, { resources }) => total + read(String(resources?.[kind]?.[name] ?? '0')),
      0n,
    )
  const allHave = (name: string): boolean =>
    spec.containers.every(({ resources }) => resources?.limits?.[name] !== undefined)
  const milli = (text: string): bigint => quantityMilli(parseQuantity(text))
  const bytes = (text: string): bigint => quantityValue(parseQuantity(text))
  const quota = Number(sum('limits', 'cpu', milli)) * (CPU_PERIOD / 1000)
  return {
    cpuShares: cpuShares(Number(sum('requests', 'cpu', milli))),
    cpuQuota: allHave('cpu') ? Math.max(quota, 1_000) : undefined,
    memory: allHave('memory') ? Number(sum('limits', 'memory', bytes)) : undefined,
  }
}

/** v1 shares of so many thousandths of a core; 2 is the least the kernel takes. */
export const cpuShares = (milliCpu: number): number => Math.max(2, Math.floor((milliCpu * 1024) / 1000))

/** v2 weight that corresponds to v1 shares (KEP-2254). */
const toWeight = (shares: number): number => 1 + Math.floor(((shares - 2) * 9999) / 262142)

/** Removes the Pod's cgroups; tries for a moment while the last processes go. */
export async function removePodCgroup(parent: string): Promise<void> {
  for (let tries = 0; tries < 20; tries++) {
    await Promise.all(hierarchies().map(root => removeTree(join(root, parent))))
    if (!hierarchies().some(root => existsSync(join(root, parent)))) return
    await new Promise(resolve => setTimeout(resolve, 50))
  }
}

async function removeTree(path: string): Promise<void> {
  const entries = await readdir(path, { withFileTypes: true }).catch(() => [])
  for (const entry of entries) if (entry.isDirectory()) await removeTree(join(path, entry.name))
  await rmdir(path).catch(() => {})
}

/** UIDs of Pods that have a cgroup. */
export async function podCgroups(): Promise<Map<string, string>> {
  const root = join(hierarchies()[0] ?? ROOT, 'kubepods')
  const found = new Map<string, string>()
  for (const middle of ['', 'burstable', 'besteffort']) {
    const entries = await readdir(join(root, middle)).catch(() => [])
    for (const name of entries) {
      if (name.startsWith('pod')) found.set(name.slice(3), join('/kubepods', middle, name))
    }
  }
  return found
}
