import type { Node, Pod, Taint, Toleration } from '../../../api/kinds/types.ts'
import type { SchedulerPlugin } from '../../../plugins/scheduler.ts'
import { matchesTerm, matchesTerms } from '../node-selector.ts'
import { normalizeByHighest } from '../scoring.ts'

const UNSCHEDULABLE = 'node.kubernetes.io/unschedulable'

/** True when a toleration covers a taint. */
export function tolerates({ key, operator, value, effect }: Toleration, taint: Taint): boolean {
  if (effect && effect !== taint.effect) return false
  if (key && key !== taint.key) return false
  return operator === 'Exists' || (value ?? '') === (taint.value ?? '')
}

/** True when one of a Pod's tolerations covers a taint. */
export const isTolerated = ({ spec }: Pod, taint: Taint): boolean =>
  (spec.tolerations ?? []).some(toleration => tolerates(toleration, taint))

export const nodeUnschedulable: SchedulerPlugin = {
  name: 'NodeUnschedulable',
  filter(pod, { node }) {
    if (!node.spec.unschedulable || isTolerated(pod, { key: UNSCHEDULABLE, effect: 'NoSchedule' }))
      return undefined
    return { reason: 'node(s) were unschedulable', unresolvable: true }
  },
}

export const nodeName: SchedulerPlugin = {
  name: 'NodeName',
  filter({ spec }, { node }) {
    if (!spec.nodeName || spec.nodeName === node.metadata.name) return undefined
    return { reason: "node(s) didn't match the requested node name", unresolvable: true }
  },
}

export const taintToleration: SchedulerPlugin = {
  name: 'TaintToleration',
  weight: 3,
  filter(pod, { node }) {
    const hard = (node.spec.taints ?? []).filter(({ effect }) => effect !== 'PreferNoSchedule')
    return hard.every(taint => isTolerated(pod, taint))
      ? undefined
      : { reason: 'node(s) had untolerated taint(s)', unresolvable: true }
  },
  score(pod, { node }) {
    const soft = (node.spec.taints ?? []).filter(
      taint => taint.effect === 'PreferNoSchedule' && !isTolerated(pod, taint),
    )
    return soft.length
  },
  normalizeScore: (_pod, scores) => normalizeByHighest(scores, true),
}

export const nodeAffinity: SchedulerPlugin = {
  name: 'NodeAffinity',
  weight: 2,
  filter(pod, { node }) {
    if (matchesRequired(pod, node)) return undefined
    return { reason: "node(s) didn't match Pod's node affinity/selector", unresolvable: true }
  },
  score({ spec }, { node }) {
    const preferred = spec.affinity?.nodeAffinity?.preferredDuringSchedulingIgnoredDuringExecution ?? []
    const met = preferred.filter(({ preference }) => matchesTerm(node, preference as never))
    return met.reduce((sum, { weight }) => sum + weight, 0)
  },
  normalizeScore: (_pod, scores) => normalizeByHighest(scores),
}

/** nodeSelector and required node affinity. */
export function matchesRequired({ spec }: Pod, node: Node): boolean {
  const labels = node.metadata.labels ?? {}
  const selected = Object.entries(spec.nodeSelector ?? {}).every(([key, value]) => labels[key] === value)
  const required = spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution
  return selected && (!required || matchesTerms(node, required.nodeSelectorTerms as never))
}
