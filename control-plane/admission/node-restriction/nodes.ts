import { isDeepStrictEqual } from 'node:util'
import type { AdmissionAttributes } from '../../../plugins/admission.ts'
import { goDiff } from '../../registry/pod/diff.ts'

const RESTRICTED = 'node-restriction.kubernetes.io'
/** Labels of Kubernetes itself that a kubelet may give its Node. */
const OWN = new Set([
  'kubernetes.io/hostname',
  'topology.kubernetes.io/zone',
  'topology.kubernetes.io/region',
  'failure-domain.beta.kubernetes.io/zone',
  'failure-domain.beta.kubernetes.io/region',
  'node.kubernetes.io/instance-type',
  'beta.kubernetes.io/instance-type',
  'kubernetes.io/os',
  'kubernetes.io/arch',
  'beta.kubernetes.io/os',
  'beta.kubernetes.io/arch',
])
const OWN_DOMAINS = ['kubelet.kubernetes.io', 'node.kubernetes.io']

const isWithin = (domain: string, outer: string): boolean => domain === outer || domain.endsWith(`.${outer}`)

const domainOf = (label: string): string => (label.includes('/') ? label.slice(0, label.indexOf('/')) : '')

function isForbidden(label: string): boolean {
  const domain = domainOf(label)
  if (isWithin(domain, RESTRICTED)) return true
  if (!isWithin(domain, 'kubernetes.io') && !isWithin(domain, 'k8s.io')) return false
  return !OWN.has(label) && !OWN_DOMAINS.some(own => isWithin(domain, own))
}

function forbiddenLabels(labels: Record<string, string> = {}, old: Record<string, string> = {}): string[] {
  return [...new Set([...Object.keys(labels), ...Object.keys(old)])]
    .filter(label => labels[label] !== old[label] && isForbidden(label))
    .sort()
}

/** A node writes its own Node alone, and gives it no labels or taints that would bring it others' Pods. */
export function nodeFault(
  { operation, name, object, oldObject }: AdmissionAttributes,
  node: string,
): string | undefined {
  const target = operation === 'CREATE' ? (object?.metadata.name ?? '') : name
  const who = `node ${JSON.stringify(node)}`
  if (target !== node) return `${who} is not allowed to modify node ${JSON.stringify(target)}`
  const source = object?.spec?.configSource
  if (operation === 'CREATE') {
    if (source) return `${who} is not allowed to create pods with a non-nil configSource`
    const labels = forbiddenLabels(object?.metadata.labels)
    return labels.length > 0
      ? `${who} is not allowed to set the following labels: ${labels.join(', ')}`
      : undefined
  }
  if (operation !== 'UPDATE') return undefined
  if (source && !isDeepStrictEqual(source, oldObject?.spec?.configSource)) {
    return `${who} is not allowed to update configSource to a new non-nil configSource`
  }
  if (!isDeepStrictEqual(object?.spec?.taints ?? [], oldObject?.spec?.taints ?? [])) {
    return `${who} is not allowed to modify taints`
  }
  const labels = forbiddenLabels(object?.metadata.labels, oldObject?.metadata.labels)
  return labels.length > 0 ? `is not allowed to modify labels: ${labels.join(', ')}` : undefined
}

const CLAIM_STATUS = ['capacity', 'conditions', 'allocatedResourceStatuses', 'allocatedResources']

/** Of a claim a node tells how large it has become. */
export function claimStatusFault(
  { operation, object, oldObject }: AdmissionAttributes,
  node: string,
): string | undefined {
  if (operation !== 'UPDATE') return `unexpected operation ${JSON.stringify(operation)}`
  const strip = ({ metadata, spec, status = {} }: any): any => {
    const { resourceVersion: _, managedFields: __, ...rest } = { ...metadata, managedFields: undefined }
    const others = Object.entries(status).filter(([field]) => !CLAIM_STATUS.includes(field))
    return { metadata: rest, spec, status: Object.fromEntries(others) }
  }
  const [claim, old] = [strip(object), strip(oldObject)]
  if (isDeepStrictEqual(claim, old)) return undefined
  const diff = goDiff('&core.PersistentVolumeClaim', old, claim)
  return `node ${JSON.stringify(node)} is not allowed to update fields other than status.capacity and status.conditions: ${diff}`
}
