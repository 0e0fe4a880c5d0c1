import type { Client, InformerFactory } from '../../api/client/client.ts'
import type { AdmissionPlugin } from '../../plugins/admission.ts'
import { namespaceLifecycle } from './namespace-lifecycle.ts'
import { nodeRestriction } from './node-restriction.ts'
import { defaultTolerationSeconds, priorityAdmission, taintNodesByCondition } from './pod-defaults.ts'
import { resourceQuotaAdmission } from './resource-quota.ts'
import { serviceAccountAdmission } from './service-account.ts'
import { serviceAddresses } from './service-addresses.ts'

export interface AdmissionOptions {
  client: Client
  informers: InformerFactory
  serviceCIDR: string
}

/** The built-in steps, in the order they run. */
export function builtinAdmission({ client, informers, serviceCIDR }: AdmissionOptions): AdmissionPlugin[] {
  return [
    namespaceLifecycle(client, informers),
    serviceAccountAdmission(client, informers),
    nodeRestriction,
    taintNodesByCondition,
    priorityAdmission(informers),
    defaultTolerationSeconds,
    serviceAddresses({ client, serviceCIDR }),
    resourceQuotaAdmission(client, informers),
  ]
}
