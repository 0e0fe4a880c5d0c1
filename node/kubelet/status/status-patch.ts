import { isDeepStrictEqual } from 'node:util'
import type { PodCondition, PodStatus } from '../../../api/kinds/types.ts'
import { PASSING_CONDITIONS } from './pod-conditions.ts'

/** Lists that a strategic merge patch would merge by their `ip`; ours are to replace what is there. */
const REPLACED = new Set(['podIPs', 'hostIPs'])
/** Fields of the status that are the kubelet's to take away. */
const REMOVABLE = [
  'reason',
  'message',
  'podIP',
  'podIPs',
  'initContainerStatuses',
  'ephemeralContainerStatuses',
]

/** The strategic merge patch that makes `current` say what is wanted; undefined when it does already. */
export function statusPatch(current: PodStatus, wanted: PodStatus): Record<string, unknown> | undefined {
  const patch: Record<string, unknown> = {}
  for (const [field, value] of Object.entries(wanted)) {
    if (field === 'conditions' || isSame(value, current[field as keyof PodStatus])) continue
    patch[field] = REPLACED.has(field) ? [...value, { $patch: 'replace' }] : value
  }
  for (const field of REMOVABLE) {
    const isLeft = current[field as keyof PodStatus] !== undefined
    if (isLeft && wanted[field as keyof PodStatus] === undefined) patch[field] = null
  }
  const conditions = changedConditions(current.conditions ?? [], wanted.conditions ?? [])
  if (conditions.length > 0) patch.conditions = conditions
  return Object.keys(patch).length > 0 ? patch : undefined
}

/** Conditions are merged by type, so that those of others stay; what a condition no longer has is taken away. */
function changedConditions(current: PodCondition[], wanted: PodCondition[]): object[] {
  const changed = wanted.flatMap(condition => {
    const before = current.find(({ type }) => type === condition.type)
    if (before && isSame(before, condition)) return []
    return [{ reason: null, message: null, ...condition }]
  })
  const over = current.filter(
    ({ type }) => PASSING_CONDITIONS.includes(type) && !wanted.some(condition => condition.type === type),
  )
  return [...changed, ...over.map(({ type }) => ({ type, $patch: 'delete' }))]
}

/** What is not known is null in what we send and may be left out of what comes back. */
const isSame = (a: unknown, b: unknown): boolean => isDeepStrictEqual(withoutNulls(a), withoutNulls(b))

function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNulls)
  if (typeof value !== 'object' || value === null) return value ?? undefined
  const members = Object.entries(value).filter(([, member]) => member !== null && member !== undefined)
  return Object.fromEntries(members.map(([key, member]) => [key, withoutNulls(member)]))
}
