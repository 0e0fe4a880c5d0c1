import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

const ROOT = '/sys/fs/cgroup'

/** What all processes of a cgroup have used and use. What this kernel does not measure is left out. */
export interface CgroupUsage {
  /** Nanoseconds of processor time since the cgroup was made. */
  cpu?: number
  memory?: { usage: number; workingSet: number; rss: number; pageFaults: number; majorPageFaults: number }
  processes?: number
}

/** Reads the usage of a cgroup by its path in the hierarchies; `/` is all the machine has. */
export function cgroupUsage(path: string): CgroupUsage {
  const isUnified = existsSync(join(ROOT, 'cgroup.controllers'))
  return isUnified ? unified(join(ROOT, path)) : separate(path)
}

function unified(path: string): CgroupUsage {
  const cpu = numbers(read(join(path, 'cpu.stat'))).get('usage_usec')
  const usage = number(read(join(path, 'memory.current')))
  const stat = numbers(read(join(path, 'memory.stat')))
  return describe(
    cpu === undefined ? undefined : cpu * 1_000,
    usage ?? (stat.get('anon') ?? 0) + (stat.get('file') ?? 0),
    stat,
    { inactive: 'inactive_file', rss: 'anon', faults: 'pgfault', majorFaults: 'pgmajfault' },
    number(read(join(path, 'pids.current'))),
  )
}

function separate(path: string): CgroupUsage {
  const at = (controller: string, file: string): string => read(join(ROOT, controller, path, file))
  return describe(
    number(at('cpuacct', 'cpuacct.usage')),
    number(at('memory', 'memory.usage_in_bytes')),
    numbers(at('memory', 'memory.stat')),
    {
      inactive: 'total_inactive_file',
      rss: 'total_rss',
      faults: 'total_pgfault',
      majorFaults: 'total_pgmajfault',
    },
    number(at('pids', 'pids.current')),
  )
}

function describe(
  cpu: number | undefined,
  usage: number | undefined,
  stat: Map<string, number>,
  names: Record<'inactive' | 'rss' | 'faults' | 'majorFaults', string>,
  processes: number | undefined,
): CgroupUsage {
  const value = (name: keyof typeof names): number => stat.get(names[name]) ?? 0
  return {
    ...(cpu !== undefined && { cpu }),
    ...(usage !== undefined &&
      stat.size > 0 && {
        memory: {
          usage,
          workingSet: Math.max(0, usage - value('inactive')),
          rss: value('rss'),
          pageFaults: value('faults'),
          majorPageFaults: value('majorFaults'),
        },
      }),
    ...(processes !== undefined && { processes }),
  }
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}

const number = (text: string): number | undefined =>
  /^\d+/.test(text) ? Number.parseInt(text, 10) : undefined

/** `name value` lines. */
const numbers = (text: string): Map<string, number> =>
  new Map(text.split('\n').flatMap(line => (line ? [toEntry(line)] : [])))

function toEntry(line: string): [string, number] {
  const blank = line.indexOf(' ')
  return [line.slice(0, blank), Number(line.slice(blank + 1))]
}
