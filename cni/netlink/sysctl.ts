import { readFileSync, writeFileSync } from 'node:fs'
import { inNamespace } from './namespace.ts'

/**
 * Kernel settings below /proc/sys, by path (`net/ipv4/ip_forward`, because links may have dots in their names). Those
 * of the network belong to the namespace they are read in. All are synchronous: they are a memory access of the kernel's.
 */

/** A setting, or undefined where this kernel has none of this name. */
export function readSysctl(name: string, netns?: string): string | undefined {
  return within(netns, () => {
    try {
      return readFileSync(`/proc/sys/${name}`, 'utf8').trim()
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
      throw error
    }
  })
}

/** Sets it unless it is so already. False when this kernel has no such setting; throws when it may not be set. */
export function writeSysctl(name: string, value: string | number, netns?: string): boolean {
  return within(netns, () => {
    const present = readSysctl(name)
    if (present === undefined) return false
    if (present !== String(value)) writeFileSync(`/proc/sys/${name}`, String(value))
    return true
  })
}

const within = <T>(netns: string | undefined, work: () => T): T =>
  netns === undefined ? work() : inNamespace(netns, work)
