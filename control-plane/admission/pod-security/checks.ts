import { BASELINE } from './baseline.ts'
import type { Check, Checked, Fault, Versions } from './check.ts'
import { RESTRICTED } from './restricted.ts'

/** Rules of the restricted standard that take the place of others, where they hold. */
const OVERRIDES: Record<string, string> = {
  capabilities_restricted: 'capabilities_baseline',
  restrictedVolumes: 'hostPathVolumes',
  seccompProfile_restricted: 'seccompProfile_baseline',
}

export const LEVELS = ['privileged', 'baseline', 'restricted']
export const LATEST = Number.POSITIVE_INFINITY

const known = new Map<string, Check[]>()

/** The rules of a level at a minor version, in the order they are told. */
function checksOf(level: string, minor: number): Check[] {
  const key = `${level}:${minor}`
  const before = known.get(key)
  if (before) return before
  const at = (rows: Record<string, Versions>): [string, Check][] =>
    Object.entries(rows).flatMap(([name, versions]) => {
      const found = versions.findLast(([since]) => since <= minor)
      return found ? [[name, found[1]]] : []
    })
  const restricted = level === 'restricted' ? at(RESTRICTED) : []
  const replaced = new Set(restricted.map(([name]) => OVERRIDES[name]))
  const baseline = level === 'privileged' ? [] : at(BASELINE).filter(([name]) => !replaced.has(name))
  const checks = [...baseline, ...restricted].map(([, check]) => check)
  known.set(key, checks)
  return checks
}

/** How a Pod breaks a level at a version, each fault by itself. */
export const faultsOf = (level: string, minor: number, pod: Checked): Fault[] =>
  checksOf(level, minor).flatMap(check => check(pod) ?? [])

/** The same in words; undefined when the level is kept. */
export function violations(level: string, pod: Checked, minor = LATEST): string | undefined {
  const faults = faultsOf(level, minor, pod)
  if (faults.length === 0) return undefined
  return faults.map(({ reason, detail }) => (detail ? `${reason} (${detail})` : reason)).join(', ')
}
