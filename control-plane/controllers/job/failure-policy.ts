import type { Job, Pod } from '../../../api/kinds/types.ts'

/** What the Job's podFailurePolicy says of a Pod that failed. */
export interface PolicyVerdict {
  action: 'FailJob' | 'FailIndex' | 'Ignore' | 'Count'
  /** Why the Job fails. */
  message: string
}

interface Rule {
  action: PolicyVerdict['action']
  onExitCodes?: { containerName?: string | null; operator: string; values: number[] } | null
  onPodConditions?: { type: string; status?: string }[]
}

/** The first rule that fits a failed Pod; undefined where none does, and the failure counts. */
export function verdictOf({ spec }: Job, pod: Pod): PolicyVerdict | undefined {
  const policy = (spec as { podFailurePolicy?: { rules: Rule[] } }).podFailurePolicy
  // A Pod that is only going may still end well.
  if (!policy || pod.status?.phase !== 'Failed') return undefined
  for (const [at, rule] of policy.rules.entries()) {
    const fit = exitCodeFit(rule, pod) ?? conditionFit(rule, pod)
    if (fit) return { action: rule.action, message: `${fit} matching ${rule.action} rule at index ${at}` }
  }
  return undefined
}

const nameOf = ({ metadata }: Pod): string => `${metadata.namespace}/${metadata.name}`

function exitCodeFit({ onExitCodes }: Rule, pod: Pod): string | undefined {
  if (!onExitCodes) return undefined
  const { containerName, operator, values } = onExitCodes
  const statuses = [...(pod.status?.initContainerStatuses ?? []), ...(pod.status?.containerStatuses ?? [])]
  for (const { name, state } of statuses) {
    const code = state?.terminated?.exitCode
    if (!code || (containerName && containerName !== name)) continue
    if (values.includes(code) === (operator === 'In'))
      return `Container ${name} for pod ${nameOf(pod)} failed with exit code ${code}`
  }
  return undefined
}

function conditionFit({ onPodConditions }: Rule, pod: Pod): string | undefined {
  for (const { type, status = 'True' } of onPodConditions ?? []) {
    const fits = pod.status?.conditions?.some(
      condition => condition.type === type && condition.status === status,
    )
    if (fits) return `Pod ${nameOf(pod)} has condition ${type}`
  }
  return undefined
}
