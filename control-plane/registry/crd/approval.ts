import type { CustomResourceDefinition } from '../../../api/kinds/apiextensions.ts'
import type { Condition } from '../../../api/meta/object.ts'

export const APPROVAL = 'api-approved.kubernetes.io'

export const MISSING_APPROVAL = `protected groups must have approval annotation "${APPROVAL}", see https://github.com/kubernetes/enhancements/pull/1111`

/** Groups that belong to the Kubernetes community. */
export const isProtectedGroup = (group: string): boolean => /(^|\.)(k8s|kubernetes)\.io$/.test(group)

/** What an approval annotation is worth. */
export function approvalOf(annotation: string | undefined): 'missing' | 'approved' | 'bypassed' | 'invalid' {
  if (!annotation) return 'missing'
  if (annotation.startsWith('unapproved')) return 'bypassed'
  return URL.canParse(annotation) ? 'approved' : 'invalid'
}

export const invalidApproval = (): string =>
  `protected groups must have approval annotation "${APPROVAL}" with either a URL or a reason starting with "unapproved", see https://github.com/kubernetes/enhancements/pull/1111`

/** KubernetesAPIApprovalPolicyConformant, which definitions of protected groups have. */
export function approvalCondition({
  metadata,
  spec,
}: CustomResourceDefinition): (Condition & { type: 'KubernetesAPIApprovalPolicyConformant' }) | undefined {
  if (!isProtectedGroup(spec.group)) return undefined
  const type = 'KubernetesAPIApprovalPolicyConformant'
  const annotation = metadata.annotations?.[APPROVAL]
  switch (approvalOf(annotation)) {
    case 'approved':
      return { type, status: 'True', reason: 'ApprovedAnnotation', message: `approved in ${annotation}` }
    case 'bypassed':
      return {
        type,
        status: 'False',
        reason: 'UnapprovedAnnotation',
        message: `not approved: "${annotation}"`,
      }
    case 'missing':
      return { type, status: 'False', reason: 'MissingAnnotation', message: MISSING_APPROVAL }
    default:
      return { type, status: 'False', reason: 'InvalidAnnotation', message: invalidApproval() }
  }
}
