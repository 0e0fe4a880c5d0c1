import { readdir, readFile } from 'node:fs/promises'

/** Of the times in /proc/PID/stat, on every Linux a program sees. */
const TICKS_PER_SECOND = 100

/** What a process and all it started use. CPU in seconds since they began, memory in bytes resident. */
export interface Usage {
  cpu: number
  memory: number
}

export async function usageOfTree(root: number): Promise<Usage> {
  const all = await readProcesses()
  const total = { cpu: 0, memory: 0 }
  for (const pid of treeOf(root, all)) {
    const { cpu, memory } = all.get(pid)!
    total.cpu += cpu
    total.memory += memory
  }
  return total
}

interface Process extends Usage {
  parent: number
}

async function readProcesses(): Promise<Map<number, Process>> {
  const pids = (await readdir('/proc')).filter(name => /^\d+$/.test(name))
  const found = new Map<number, Process>()
  await Promise.all(
    pids.map(async pid => {
      const process = await readProcess(pid).catch(() => undefined)
      if (process) found.set(Number(pid), process)
    }),
  )
  return found
}

async function readProcess(pid: string): Promise<Process> {
  const [stat, status] = await Promise.all([
    readFile(`/proc/${pid}/stat`, 'utf8'),
    readFile(`/proc/${pid}/status`, 'utf8'),
  ])
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return {
    parent: Number(fields[1]),
    cpu: (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND,
    memory: Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0) * 1024,
  }
}

function treeOf(root: number, all: Map<number, Process>): number[] {
  const tree = all.has(root) ? [root] : []
  for (const pid of tree) for (const [child, { parent }] of all) if (parent === pid) tree.push(child)
  return tree
}
