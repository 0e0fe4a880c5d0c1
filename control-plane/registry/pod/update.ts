import { isDeepStrictEqual } from 'node:util'
import type { Container, Pod, PodSpec, Toleration } from '../../../api/kinds/types.ts'
import {
  type FieldError,
  forbiddenField,
  invalidValue,
  required as requiredError,
} from '../../../api/meta/status.ts'
import { collect, FINE, isSame } from '../rules/check.ts'
import { annotationUpdateFaults } from './annotations.ts'
import { imageFaults } from './containers.ts'
import { goDiff } from './diff.ts'
import { tolerations } from './scheduling.ts'

const UPDATABLE = [
  '`spec.containers[*].image`',
  '`spec.initContainers[*].image`',
  '`spec.activeDeadlineSeconds`',
  '`spec.tolerations` (only additions to existing tolerations)',
  '`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)',
].join(',')
const MOST_DEADLINE = 2_147_483_647

/** What an update of a Pod changes and may not. That the Pod itself is sound is checked elsewhere. */
export function validatePodUpdate(pod: Pod, old: Pod): readonly FieldError[] {
  let faults = annotationUpdateFaults(pod.metadata.annotations, old.metadata.annotations)
  for (const field of ['containers', 'initContainers'] as const) {
    const wanted = pod.spec[field] ?? []
    if (wanted.length !== (old.spec[field] ?? []).length) {
      return [...faults, forbiddenField(`spec.${field}`, 'pod updates may not add or remove containers')]
    }
    faults = collect(faults, containerImageFaults(wanted, `spec.${field}`))
  }
  const deadline = deadlineFaults(pod.spec.activeDeadlineSeconds, old.spec.activeDeadlineSeconds)
  if (deadline.length > 0 && pod.spec.activeDeadlineSeconds !== undefined) return [...faults, ...deadline]
  return collect(
    faults,
    deadline,
    tolerationFaults(pod.spec.tolerations ?? [], old.spec.tolerations ?? []),
    gateFaults(gatesOf(pod.spec), gatesOf(old.spec)),
    specFaults(pod.spec, old.spec),
  )
}

const containerImageFaults = (containers: Container[], path: string): readonly FieldError[] =>
  containers.flatMap((container, i) => [
    ...(container.image ? FINE : [requiredError(`${path}[${i}].image`, '')]),
    ...imageFaults(container, `${path}[${i}]`),
  ])

function deadlineFaults(wanted: number | undefined, old: number | undefined): readonly FieldError[] {
  const at = 'spec.activeDeadlineSeconds'
  if (wanted === undefined) {
    if (old === undefined) return FINE
    return [invalidValue(at, null, 'must not update from a positive integer to nil value')]
  }
  if (wanted < 0 || wanted > MOST_DEADLINE) {
    return [invalidValue(at, wanted, `must be between 0 and ${MOST_DEADLINE}, inclusive`)]
  }
  if (old === undefined || wanted <= old) return FINE
  return [invalidValue(at, wanted, 'must be less than or equal to previous value')]
}

/** Those that were there stay as they were, but for how long they hold. */
function tolerationFaults(wanted: Toleration[], old: Toleration[]): readonly FieldError[] {
  const strip = ({ tolerationSeconds: _, ...rest }: Toleration) => rest
  const isKept = (toleration: Toleration): boolean =>
    wanted.some(other => isDeepStrictEqual(strip(other), strip(toleration)))
  if (old.every(isKept)) return tolerations(wanted, 'spec.tolerations')
  return [
    forbiddenField(
      'spec.tolerations',
      'existing toleration can not be modified except its tolerationSeconds',
    ),
  ]
}

type Gate = { name: string }

const gatesOf = (spec: PodSpec): Gate[] => (spec as { schedulingGates?: Gate[] }).schedulingGates ?? []

function gateFaults(wanted: Gate[], old: Gate[]): readonly FieldError[] {
  return wanted.flatMap(({ name }, i) =>
    old.some(gate => gate.name === name)
      ? []
      : [
          forbiddenField(
            `spec.schedulingGates[${i}].name`,
            `only deletion is allowed, but found new scheduling gate '${name}'`,
          ),
        ],
  )
}

/** All that may not change at all. */
function specFaults(wanted: PodSpec, old: PodSpec): readonly FieldError[] {
  const masked = structuredClone(wanted) as any
  const stored = old as any
  const restore = (field: string): void => {
    if (stored[field] === undefined) delete masked[field]
    else masked[field] = stored[field]
  }
  for (const field of ['containers', 'initContainers']) {
    masked[field]?.forEach((container: Container, i: number) => {
      container.image = stored[field][i].image
    })
  }
  for (const field of ['activeDeadlineSeconds', 'schedulingGates', 'tolerations']) restore(field)
  if (masked.terminationGracePeriodSeconds === 1 && (old.terminationGracePeriodSeconds ?? 0) < 0) {
    restore('terminationGracePeriodSeconds')
  }
  const gated = gatesOf(old).length > 0 ? gatedFaults(masked, old, restore) : FINE
  if (isSpecSame(masked, stored)) return gated
  const diff = goDiff('core.PodSpec', stored, masked)
  return [
    ...gated,
    forbiddenField('spec', `pod updates may not change fields other than ${UPDATABLE}\n${diff}`),
  ]
}

const isSpecSame = (a: Record<string, unknown>, b: Record<string, unknown>): boolean =>
  [...new Set([...Object.keys(a), ...Object.keys(b)])].every(field => isSame(a[field], b[field]))

/** A Pod that is not yet to be scheduled may be told more of where it is to go. */
function gatedFaults(masked: any, old: PodSpec, restore: (field: string) => void): readonly FieldError[] {
  const faults: FieldError[] = []
  if (!isSame(masked.nodeSelector, old.nodeSelector)) {
    const isKept = Object.entries(old.nodeSelector ?? {}).every(
      ([key, value]) => masked.nodeSelector?.[key] === value,
    )
    if (!isKept) {
      const detail = 'only additions to spec.nodeSelector are allowed (no mutations or deletions)'
      faults.push(invalidValue('spec.nodeSelector', masked.nodeSelector ?? null, detail))
    }
    restore('nodeSelector')
  }
  if (!isSame(masked.affinity?.nodeAffinity, old.affinity?.nodeAffinity)) {
    faults.push(...nodeAffinityFaults(masked.affinity?.nodeAffinity, old.affinity?.nodeAffinity))
    const { nodeAffinity: _, ...rest } = masked.affinity ?? {}
    const kept = old.affinity?.nodeAffinity
    masked.affinity = kept ? { ...rest, nodeAffinity: kept } : rest
    if (Object.keys(masked.affinity).length === 0) restore('affinity')
  }
  return faults
}

const TERMS = 'spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms'

function nodeAffinityFaults(wanted: any, old: any): readonly FieldError[] {
  const termsOf = (affinity: any): any[] =>
    affinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms ?? []
  const [before, after] = [termsOf(old), termsOf(wanted)]
  if (before.length > 0 && before.length !== after.length) {
    const detail = 'no additions/deletions to non-empty NodeSelectorTerms list are allowed'
    return [invalidValue(TERMS, after, detail)]
  }
  return before.flatMap((term, i) =>
    hasOnlyAdditions(after[i], term)
      ? []
      : [invalidValue(`${TERMS}[${i}]`, after[i], 'only additions are allowed (no mutations or deletions)')],
  )
}

function hasOnlyAdditions(wanted: any, old: any): boolean {
  const lists = ['matchExpressions', 'matchFields']
  const isEmpty = lists.every(field => !old[field]?.length)
  if (isEmpty) return lists.every(field => !wanted[field]?.length)
  return lists.every(field => {
    const kept = old[field] ?? []
    return isDeepStrictEqual((wanted[field] ?? []).slice(0, kept.length), kept)
  })
}
