import { readFileSync } from 'node:fs'
import type { RuntimePlugin } from '../../../plugins/runtime.ts'
import type { EvictionSignal } from '../settings.ts'
import { filesystemOf } from '../stats/disk-usage.ts'

/** What is left of something, of how much; bytes, inodes or process ids. */
export interface Observation {
  available: number
  capacity: number
}

export type Observations = Partial<Record<EvictionSignal, Observation>>

/** Looks at memory, disks and process ids. What cannot be read is left out. */
export async function observeNode(runtime: RuntimePlugin, dataDir: string): Promise<Observations> {
  const images = (await runtime.imageFsInfo?.().catch(() => []))?.[0]
  const [node, image] = await Promise.all([
    filesystemOf(dataDir),
    images ? filesystemOf(images.mountpoint) : undefined,
  ])
  const observed: Observations = {}
  const memory = memoryLeft()
  const processes = processesLeft()
  if (memory) observed['memory.available'] = memory
  if (processes) observed['pid.available'] = processes
  for (const [name, disk] of [
    ['nodefs', node],
    ['imagefs', image],
  ] as const) {
    if (!disk) continue
    observed[`${name}.available`] = { available: disk.available, capacity: disk.capacity }
    if (disk.inodes > 0)
      observed[`${name}.inodesFree`] = { available: disk.inodesFree, capacity: disk.inodes }
  }
  return observed
}

/** MemAvailable: what can be had without swapping, page cache included. */
function memoryLeft(): Observation | undefined {
  const text = read('/proc/meminfo')
  const kilobytes = (name: string): number =>
    Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(text)?.[1])
  const available = kilobytes('MemAvailable') * 1_024
  const capacity = kilobytes('MemTotal') * 1_024
  return Number.isNaN(available) || Number.isNaN(capacity) ? undefined : { available, capacity }
}

/** The fourth number of loadavg is `running/existing` tasks. */
function processesLeft(): Observation | undefined {
  const existing = Number(/ \d+\/(\d+) /.exec(read('/proc/loadavg'))?.[1])
  const capacity = Number(read('/proc/sys/kernel/pid_max'))
  return existing > 0 && capacity > 0 ? { available: Math.max(0, capacity - existing), capacity } : undefined
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}
