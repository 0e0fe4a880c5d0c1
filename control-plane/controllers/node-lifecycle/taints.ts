import type { Node, Pod, Taint } from '../../../api/kinds/types.ts'
import { readyOf } from './health.ts'

const NOT_READY = 'node.kubernetes.io/not-ready'
const UNREACHABLE = 'node.kubernetes.io/unreachable'
/** Conditions that keep Pods away while they are true. */
const PRESSURES: Record<string, string> = {
  MemoryPressure: 'node.kubernetes.io/memory-pressure',
  DiskPressure: 'node.kubernetes.io/disk-pressure',
  PIDPressure: 'node.kubernetes.io/pid-pressure',
  NetworkUnavailable: 'node.kubernetes.io/network-unavailable',
}
const UNSCHEDULABLE = 'node.kubernetes.io/unschedulable'
const OWN = new Set([NOT_READY, UNREACHABLE, UNSCHEDULABLE, ...Object.values(PRESSURES)])

/**
 * The taints a node should have: those of others, and ours by its state; a taint that is there keeps its time.
 * @param evicts false where Pods are left on nodes that are not ready, for there is no better place
 */
export function wantedTaints(node: Node, evicts: boolean, time: string): Taint[] {
  const current = node.spec.taints ?? []
  const own = ownTaints(node, evicts, time).map(
    taint => current.find(({ key, effect }) => key === taint.key && effect === taint.effect) ?? taint,
  )
  return [...current.filter(({ key }) => !OWN.has(key)), ...own]
}

function ownTaints(node: Node, evicts: boolean, timeAdded: string): Taint[] {
  const keys = (node.status?.conditions ?? [])
    .filter(({ type, status }) => PRESSURES[type] && status === 'True')
    .map(({ type }) => PRESSURES[type]!)
  if (node.spec.unschedulable) keys.push(UNSCHEDULABLE)
  const ready = readyOf(node)
  const unfit = ready === 'True' ? undefined : ready === 'Unknown' ? UNREACHABLE : NOT_READY
  if (unfit) keys.push(unfit)
  const taints = keys.map((key): Taint => ({ key, effect: 'NoSchedule', timeAdded }))
  return unfit && evicts ? [...taints, { key: unfit, effect: 'NoExecute', timeAdded }] : taints
}

/** True when two sets of taints say the same, times apart. */
export function isSameTaints(a: readonly Taint[], b: readonly Taint[]): boolean {
  const plain = (taints: readonly Taint[]): string =>
    JSON.stringify(taints.map(({ key, value, effect }) => `${key}=${value}:${effect}`).sort())
  return plain(a) === plain(b)
}

/** Milliseconds a Pod may stay on a node with these NoExecute taints; infinite where it tolerates them for ever. */
export function mayStayFor(pod: Pod, taints: readonly Taint[], now: number): number {
  return Math.min(...taints.map(taint => toleratedFor(pod, taint, now)))
}

function toleratedFor({ spec }: Pod, taint: Taint, now: number): number {
  const toleration = (spec.tolerations ?? []).find(
    ({ key, operator, value, effect }) =>
      (!effect || effect === taint.effect) &&
      (!key || key === taint.key) &&
      (operator === 'Exists' || (value ?? '') === (taint.value ?? '')),
  )
  if (!toleration) return 0
  const { tolerationSeconds } = toleration
  if (tolerationSeconds === undefined || tolerationSeconds === null) return Number.POSITIVE_INFINITY
  const since = taint.timeAdded ? Date.parse(taint.timeAdded) : now
  return Math.max(0, since + tolerationSeconds * 1000 - now)
}
