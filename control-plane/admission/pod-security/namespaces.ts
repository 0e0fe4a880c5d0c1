import type { Pod } from '../../../api/kinds/types.ts'
import { invalid } from '../../../api/meta/status.ts'
import type { AdmissionAttributes } from '../../../plugins/admission.ts'
import { faultsOf } from './checks.ts'
import type { PodSecuritySettings } from './policy.ts'
import {
  chosenLevels,
  isOpen,
  isRelaxed,
  type Level,
  labelFaults,
  MODES,
  type Policy,
  policyOf,
} from './policy.ts'

/** The labels that choose a level must name one; those that were wrong before may stay. Who raises a level is told of Pods there. */
export function checkNamespace(
  { kind, object, oldObject, warn }: AdmissionAttributes,
  podsOf: () => Pod[],
  { defaults, exemptions }: PodSecuritySettings,
): void {
  const { name = '', labels } = object!.metadata
  const faults = labelFaults(labels)
  const text = (errors: object[]): string => JSON.stringify(errors)
  if (faults.length > 0 && (!oldObject || text(faults) !== text(labelFaults(oldObject.metadata.labels)))) {
    throw invalid(kind, name, faults)
  }
  const policy = policyOf(labels, defaults)
  const isExempt = exemptions.namespaces.has(name)
  if (!oldObject && !isExempt) return
  if (oldObject && isRelaxed(policy.enforce, policyOf(oldObject.metadata.labels, defaults).enforce)) return
  if (isExempt) {
    if (isOpen(policy) || isSame(policy, defaults)) return
    const levels = chosenLevels(labels, policy)
    warn(
      `namespace ${JSON.stringify(name)} is exempt from Pod Security, and the policy (${levels}) will be ignored`,
    )
    return
  }
  const there = podsOf().filter(({ metadata }) => metadata.namespace === name)
  const checked = there.filter(({ spec }) => !exemptions.runtimeClasses.has(spec.runtimeClassName ?? ''))
  for (const warning of podWarnings(name, policy.enforce, checked)) warn(warning)
}

const isSame = (a: Policy, b: Policy): boolean => MODES.every(mode => a[mode].name === b[mode].name)

const MOST_PODS = 3_000

/** What of the Pods that are there breaks a level, alike ones together. */
function podWarnings(namespace: string, { level, minor, name }: Level, there: Pod[]): string[] {
  const checked = differentFirst(there).slice(0, MOST_PODS)
  const found = new Map<string, string[]>()
  for (const pod of checked) {
    const reasons = faultsOf(level, minor, pod).map(({ reason }) => reason)
    if (reasons.length === 0) continue
    const key = reasons.join(', ')
    found.set(key, [...(found.get(key) ?? []), pod.metadata.name])
  }
  const warnings = [...found].map(([reasons, names]) => `${nameAll(names.sort())}: ${reasons}`).sort()
  const first = `existing pods in namespace ${JSON.stringify(namespace)} violate the new PodSecurity enforce level ${JSON.stringify(name)}`
  return [
    ...(checked.length < there.length
      ? [
          `new PodSecurity enforce level only checked against the first ${checked.length} of ${there.length} existing pods`,
        ]
      : []),
    ...(warnings.length > 0 ? [first, ...warnings] : []),
  ]
}

/** Of the Pods of one controller the second and further ones come last: they are alike. */
function differentFirst(there: Pod[]): Pod[] {
  const seen = new Set<string>()
  const [first, alike]: [Pod[], Pod[]] = [[], []]
  for (const pod of there) {
    const owner = pod.metadata.ownerReferences?.find(({ controller }) => controller)?.uid
    if (owner !== undefined && seen.has(owner)) alike.push(pod)
    else first.push(pod)
    if (owner !== undefined) seen.add(owner)
  }
  return [...first, ...alike]
}

function nameAll([first, ...others]: string[]): string {
  if (others.length === 0) return first!
  return `${first} (and ${others.length} other pod${others.length === 1 ? '' : 's'})`
}
