import type { LabelSelector, Pod } from '../../../api/kinds/types.ts'

/**
 * Keys whose values are those of the Pod itself become part of the selectors they belong to, when the Pod is made
 * (KEP-3633, KEP-3243).
 */
export function mergeLabelKeys({ metadata, spec }: Pod): void {
  const labels = metadata.labels ?? {}
  const { podAffinity, podAntiAffinity } = spec.affinity ?? {}
  for (const affinity of [podAffinity, podAntiAffinity]) {
    for (const term of affinity?.requiredDuringSchedulingIgnoredDuringExecution ?? []) mergeTerm(term, labels)
    for (const { podAffinityTerm } of affinity?.preferredDuringSchedulingIgnoredDuringExecution ?? []) {
      mergeTerm(podAffinityTerm, labels)
    }
  }
  for (const constraint of spec.topologySpreadConstraints ?? []) mergeTerm(constraint, labels)
}

interface Term {
  labelSelector?: LabelSelector
  matchLabelKeys?: string[]
  mismatchLabelKeys?: string[]
}

/** What is missing from a term is for validation to tell. */
function mergeTerm(term: Term | undefined, labels: Record<string, string>): void {
  if (!term?.labelSelector) return
  merge(term.labelSelector, term.matchLabelKeys, 'In', labels)
  merge(term.labelSelector, term.mismatchLabelKeys, 'NotIn', labels)
}

function merge(
  selector: LabelSelector,
  keys: string[] | undefined,
  operator: string,
  labels: Record<string, string>,
) {
  for (const key of keys ?? []) {
    const value = labels[key]
    if (value === undefined) continue
    selector.matchExpressions = [...(selector.matchExpressions ?? []), { key, operator, values: [value] }]
  }
}
