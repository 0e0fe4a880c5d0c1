import { readdirSync, readFileSync } from 'node:fs'
import type { Registry } from 'prom-client'
import { register } from './tables.ts'

/** When the process began, in seconds since 1970. */
export const startOfProcess = (): number => Date.now() / 1000 - process.uptime()

/** Metrics of the process as every Prometheus client has them. */
export function registerProcess(registry: Registry): void {
  const started = startOfProcess()
  const single = (name: string, type: 'gauge' | 'counter', help: string, value: () => number | undefined) =>
    register(registry, `process_${name}`, type, help, () => {
      const found = value()
      return found === undefined ? [] : [{ labels: {}, value: found }]
    })
  single('start_time_seconds', 'gauge', 'When the process began', () => started)
  single('resident_memory_bytes', 'gauge', 'Resident memory', () => process.memoryUsage.rss())
  single('virtual_memory_bytes', 'gauge', 'Virtual memory', virtualMemory)
  single('open_fds', 'gauge', 'Open files', openFiles)
  single('max_fds', 'gauge', 'Files that may be open', mostFiles)
  single('cpu_seconds_total', 'counter', 'User and system time', () => {
    const { user, system } = process.cpuUsage()
    return (user + system) / 1e6
  })
}

/** Undefined where the kernel does not tell. */
function read(file: string): string | undefined {
  try {
    return readFileSync(`/proc/self/${file}`, 'utf8')
  } catch {
    return undefined
  }
}

function virtualMemory(): number | undefined {
  const kilobytes = /^VmSize:\s+(\d+) kB$/m.exec(read('status') ?? '')?.[1]
  return kilobytes === undefined ? undefined : Number(kilobytes) * 1024
}

function openFiles(): number | undefined {
  try {
    // The folder that is being read counts too.
    return readdirSync('/proc/self/fd').length - 1
  } catch {
    return undefined
  }
}

function mostFiles(): number | undefined {
  const most = /^Max open files\s+(\d+)/m.exec(read('limits') ?? '')?.[1]
  return most === undefined ? undefined : Number(most)
}
