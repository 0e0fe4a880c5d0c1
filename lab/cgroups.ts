import { existsSync } from 'node:fs'
import { mkdir, readdir, readFile, rmdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

const ROOT = '/sys/fs/cgroup'

/** Controllers a machine gets on a host with cgroup v1; `systemd` and `unified` carry no limits but are expected there. */
const V1_CONTROLLERS = [
  'cpu',
  'cpuacct',
  'cpuset',
  'memory',
  'devices',
  'freezer',
  'blkio',
  'pids',
  'systemd',
  'unified',
]

/** True where the host has only cgroup v2. */
export const isUnified = (): boolean => existsSync(join(ROOT, 'cgroup.controllers'))

/** The hierarchies of this host: one for v2, one a controller for v1. */
export function hierarchies(): string[] {
  if (isUnified()) return [ROOT]
  return V1_CONTROLLERS.map(name => join(ROOT, name)).filter(path => existsSync(path))
}

/** Makes a machine's cgroup in every hierarchy; returns the folders whose `cgroup.procs` its init must be written to. */
export async function createMachineCgroups(lab: string, machine: string): Promise<string[]> {
  const created: string[] = []
  for (const root of hierarchies()) {
    const parent = join(root, `${lab}-lab`)
    const path = join(parent, machine)
    await mkdir(path, { recursive: true })
    if (root.endsWith('/cpuset')) await inheritCpuset(root, [parent, path])
    if (isUnified()) await delegateControllers([root, parent])
    created.push(path)
  }
  return created
}

/** A v1 cpuset takes no process until its cpus and mems are set, level by level. */
async function inheritCpuset(root: string, levels: string[]): Promise<void> {
  for (const file of ['cpus', 'mems']) {
    const value = await readFile(join(root, `cpuset.${file}`))
    for (const level of levels) await writeFile(join(level, `cpuset.${file}`), value)
  }
}

async function delegateControllers(levels: string[]): Promise<void> {
  for (const level of levels) {
    const controllers = (await readFile(join(level, 'cgroup.controllers'), 'utf8')).trim().split(/\s+/)
    await writeFile(join(level, 'cgroup.subtree_control'), controllers.map(name => `+${name}`).join(' '))
  }
}

/** Removes a machine's cgroups with all below; they must hold no process any more. */
export async function removeMachineCgroups(lab: string, machine: string): Promise<void> {
  await Promise.all(hierarchies().map(root => removeTree(join(root, `${lab}-lab`, machine))))
}

/** Removes the lab's own cgroups, after those of its machines. */
export async function removeLabCgroups(lab: string): Promise<void> {
  await Promise.all(hierarchies().map(root => removeTree(join(root, `${lab}-lab`))))
}

async function removeTree(path: string): Promise<void> {
  const entries = await readdir(path, { withFileTypes: true }).catch(() => [])
  for (const entry of entries) if (entry.isDirectory()) await removeTree(join(path, entry.name))
  await rmdir(path).catch(() => {})
}
