import { readFileSync } from 'node:fs'
import { statfs } from 'node:fs/promises'
import { EVICTION_DISK, EVICTION_MEMORY } from './machine.ts'

/** What the node runs short of; each is a condition of the Node. */
export interface Pressure {
  memory: boolean
  disk: boolean
  pid: boolean
}

export const NO_PRESSURE: Pressure = { memory: false, disk: false, pid: false }

/** Shares that must be left of what the kernel can give. */
const LEAST_INODES = 0.05
const LEAST_PIDS = 0.02

/** Looks at memory, disk and process ids. What cannot be read is not short. */
export async function measurePressure(dataDir: string): Promise<Pressure> {
  return { memory: isMemoryShort(), disk: await isDiskShort(dataDir), pid: arePidsShort() }
}

/** MemAvailable: what can be had without swapping, page cache included. */
function isMemoryShort(): boolean {
  const available = /^MemAvailable:\s+(\d+) kB/m.exec(read('/proc/meminfo'))?.[1]
  return available !== undefined && Number(available) * 1024 < EVICTION_MEMORY
}

async function isDiskShort(path: string): Promise<boolean> {
  const disk = await statfs(path).catch(() => undefined)
  if (!disk) return false
  const isFull = disk.blocks > 0 && disk.bavail / disk.blocks < EVICTION_DISK
  return isFull || (disk.files > 0 && disk.ffree / disk.files < LEAST_INODES)
}

/** The fourth number of loadavg is `running/existing` tasks. */
function arePidsShort(): boolean {
  const existing = Number(/ \d+\/(\d+) /.exec(read('/proc/loadavg'))?.[1])
  const most = Number(read('/proc/sys/kernel/pid_max'))
  return existing > 0 && most > 0 && 1 - existing / most < LEAST_PIDS
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}
