import type { Pod } from '../../../api/kinds/types.ts'

const LISTS = [
  'requiredDuringSchedulingIgnoredDuringExecution',
  'preferredDuringSchedulingIgnoredDuringExecution',
] as const

/**
 * Keys whose values are those of the Pod itself become part of the selectors they belong to, when the Pod is made
 * (KEP-3633, KEP-3243).
 */
export function mergeLabelKeys({ metadata, spec }: Pod): void {
  const labels = metadata.labels ?? {}
  const { podAffinity, podAntiAffinity } = (spec.affinity ?? {}) as any
  for (const affinity of [podAffinity, podAntiAffinity]) {
    if (!affinity) continue
    for (const list of LISTS) {
      for (const term of affinity[list] ?? []) mergeTerm(term.podAffinityTerm ?? term, labels)
    }
  }
  for (const constraint of (spec.topologySpreadConstraints ?? []) as any[]) mergeTerm(constraint, labels)
}

function mergeTerm(term: any, labels: Record<string, string>): void {
  if (!term.labelSelector) return
  merge(term.labelSelector, term.matchLabelKeys, 'In', labels)
  merge(term.labelSelector, term.mismatchLabelKeys, 'NotIn', labels)
}

function merge(selector: any, keys: string[] | undefined, operator: string, labels: Record<string, string>) {
  for (const key of keys ?? []) {
    const value = labels[key]
    if (value === undefined) continue
    selector.matchExpressions = [...(selector.matchExpressions ?? []), { key, operator, values: [value] }]
  }
}
