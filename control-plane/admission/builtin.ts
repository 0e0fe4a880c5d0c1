import type { Client, InformerFactory } from '../../api/client/client.ts'
import type { AdmissionPlugin } from '../../plugins/admission.ts'
import { createAuthorizer } from '../auth/authorizers.ts'
import { certificateApproval, certificateSigning, certificateSubjectRestriction } from './certificates.ts'
import { claimResize, defaultIngressClass, defaultStorageClass } from './default-classes.ts'
import type { DynamicAdmission } from './dynamic.ts'
import { escalationCheck } from './escalation.ts'
import { limitRanger } from './limit-ranger.ts'
import { namespaceLifecycle } from './namespace-lifecycle.ts'
import { nodeRestriction } from './node-restriction/plugin.ts'
import { defaultTolerationSeconds, taintNodesByCondition } from './pod-defaults.ts'
import { podSecurity } from './pod-security/admission.ts'
import { priorityAdmission } from './priority.ts'
import { resourceQuotaAdmission } from './resource-quota.ts'
import { runtimeClassAdmission } from './runtime-class.ts'
import { serviceAccountAdmission } from './service-account.ts'
import { serviceAddresses } from './service-addresses.ts'
import { storageProtection } from './storage-protection.ts'

export interface AdmissionOptions {
  client: Client
  /** The client past admission. */
  admitted: Client
  informers: InformerFactory
  serviceCIDR: string
  /** Webhooks and policies. */
  dynamic: DynamicAdmission
  /** Plugins of third parties. */
  others: readonly AdmissionPlugin[]
}

/** All steps, in the order they run. */
export function admissionPlugins(options: AdmissionOptions): AdmissionPlugin[] {
  const { client, admitted, informers, serviceCIDR, dynamic, others } = options
  const authorizer = createAuthorizer({ informers })
  return [
    namespaceLifecycle(client, informers),
    limitRanger(informers),
    serviceAccountAdmission(client, informers),
    nodeRestriction(client, authorizer),
    taintNodesByCondition,
    podSecurity(client, informers),
    priorityAdmission(informers),
    defaultTolerationSeconds,
    defaultStorageClass(informers),
    storageProtection,
    claimResize(informers),
    runtimeClassAdmission(client, informers),
    certificateApproval(authorizer),
    certificateSigning(authorizer),
    certificateSubjectRestriction,
    defaultIngressClass(informers),
    ...others,
    dynamic.mutatingWebhooks,
    // What storage itself does comes after all that may change an object, and is not done twice.
    escalationCheck(client, informers, authorizer),
    serviceAddresses({ client: admitted, serviceCIDR }),
    dynamic.validatingPolicies,
    dynamic.validatingWebhooks,
    resourceQuotaAdmission(client, informers),
  ]
}
