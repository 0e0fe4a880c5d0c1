import type { Client, InformerFactory } from '../../api/client/client.ts'
import type { AdmissionPlugin } from '../../plugins/admission.ts'
import { createAuthorizer } from '../auth/authorizers.ts'
import { certificateApproval, certificateSigning, certificateSubjectRestriction } from './certificates.ts'
import { claimResize, defaultIngressClass, defaultStorageClass } from './default-classes.ts'
import { escalationCheck } from './escalation.ts'
import { limitRanger } from './limit-ranger.ts'
import { namespaceLifecycle } from './namespace-lifecycle.ts'
import { nodeRestriction } from './node-restriction.ts'
import { defaultTolerationSeconds, priorityAdmission, taintNodesByCondition } from './pod-defaults.ts'
import { podSecurity } from './pod-security/admission.ts'
import { resourceQuotaAdmission } from './resource-quota.ts'
import { runtimeClassAdmission } from './runtime-class.ts'
import { serviceAccountAdmission } from './service-account.ts'
import { serviceAddresses } from './service-addresses.ts'

export interface AdmissionOptions {
  client: Client
  informers: InformerFactory
  serviceCIDR: string
}

/** The built-in steps, in the order they run. */
export function builtinAdmission({ client, informers, serviceCIDR }: AdmissionOptions): AdmissionPlugin[] {
  const authorizer = createAuthorizer({ informers })
  return [
    escalationCheck(informers, authorizer),
    namespaceLifecycle(client, informers),
    limitRanger(informers),
    serviceAccountAdmission(client, informers),
    nodeRestriction(client),
    taintNodesByCondition,
    podSecurity(client, informers),
    priorityAdmission(informers),
    defaultTolerationSeconds,
    defaultStorageClass(informers),
    claimResize(informers),
    runtimeClassAdmission(client, informers),
    certificateApproval(authorizer),
    certificateSigning(authorizer),
    certificateSubjectRestriction,
    defaultIngressClass(informers),
    serviceAddresses({ client, serviceCIDR }),
    resourceQuotaAdmission(client, informers),
  ]
}
