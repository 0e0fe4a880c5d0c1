import type { FieldError } from '../../api/meta/status.ts'
import { policyBindingFaults, policyFaults } from './admissionregistration/policies.ts'
import { webhookFaults } from './admissionregistration/webhooks.ts'
import { endpointSliceFaults, endpointsFaults } from './core/endpoints.ts'
import { limitRangeFaults } from './core/limit-range.ts'
import { namespaceFaults } from './core/namespace.ts'
import { nodeFaults } from './core/node.ts'
import { quotaFaults } from './core/quota.ts'
import { flowSchemaFaults, priorityLevelFaults } from './flowcontrol/validation.ts'
import { ipAddressFaults, serviceRangeFaults } from './networking/addresses.ts'
import { ingressClassFaults } from './networking/ingress.ts'
import { networkPolicyFaults } from './networking/network-policy.ts'
import { validateTemplate } from './pod/template.ts'
import { disruptionBudgetFaults } from './policy/disruption-budget.ts'
import { bindingFaults, roleFaults } from './rbac/validate.ts'
import { claimFaults, claimTemplateFaults, deviceClassFaults } from './resource/claim.ts'
import { sliceFaults } from './resource/slice.ts'
import {
  eventFaults,
  leaseFaults,
  priorityClassFaults,
  revisionFaults,
  runtimeClassFaults,
} from './small-kinds.ts'
import {
  attachmentFaults,
  attributesClassFaults,
  csiDriverFaults,
  csiNodeFaults,
  storageCapacityFaults,
} from './storage/csi.ts'
import { storageClassFaults, volumeFaults } from './storage/volume.ts'
import type { Strategy } from './strategy.ts'
import { WARNINGS } from './warnings/kinds.ts'

type Faults = (object: any, old: any, subresource: string) => readonly FieldError[]

/** Rules that hold for the object itself and say nothing of its status. */
const own =
  (faults: Faults): Faults =>
  (object, old, subresource) =>
    subresource === '' ? faults(object, old, subresource) : []

/** Rules of kinds whose other traits are declared elsewhere, by `plural` or `plural.group`. */
const VALIDATIONS: Record<string, Faults> = {
  nodes: nodeFaults,
  namespaces: namespaceFaults,
  events: eventFaults,
  'events.events.k8s.io': eventFaults,
  endpoints: endpointsFaults,
  podtemplates: ({ template }) => validateTemplate(template, 'template'),
  persistentvolumes: own(volumeFaults),
  limitranges: limitRangeFaults,
  resourcequotas: quotaFaults,
  'controllerrevisions.apps': revisionFaults,
  'endpointslices.discovery.k8s.io': endpointSliceFaults,
  'leases.coordination.k8s.io': leaseFaults,
  'flowschemas.flowcontrol.apiserver.k8s.io': flowSchemaFaults,
  'prioritylevelconfigurations.flowcontrol.apiserver.k8s.io': priorityLevelFaults,
  'networkpolicies.networking.k8s.io': own(networkPolicyFaults),
  'ingressclasses.networking.k8s.io': ingressClassFaults,
  'poddisruptionbudgets.policy': (budget, _old, subresource) => disruptionBudgetFaults(budget, subresource),
  'priorityclasses.scheduling.k8s.io': priorityClassFaults,
  'runtimeclasses.node.k8s.io': runtimeClassFaults,
  'storageclasses.storage.k8s.io': storageClassFaults,
  'csidrivers.storage.k8s.io': csiDriverFaults,
  'csinodes.storage.k8s.io': csiNodeFaults,
  'csistoragecapacities.storage.k8s.io': storageCapacityFaults,
  'volumeattachments.storage.k8s.io': attachmentFaults,
  'volumeattributesclasses.storage.k8s.io': attributesClassFaults,
  'ipaddresses.networking.k8s.io': ipAddressFaults,
  'servicecidrs.networking.k8s.io': serviceRangeFaults,
  'deviceclasses.resource.k8s.io': deviceClassFaults,
  'resourceclaims.resource.k8s.io': claimFaults,
  'resourceclaimtemplates.resource.k8s.io': claimTemplateFaults,
  'resourceslices.resource.k8s.io': sliceFaults,
  'roles.rbac.authorization.k8s.io': role => roleFaults(role, true),
  'clusterroles.rbac.authorization.k8s.io': role => roleFaults(role, false),
  'rolebindings.rbac.authorization.k8s.io': (binding, old) => bindingFaults(binding, old, true),
  'clusterrolebindings.rbac.authorization.k8s.io': (binding, old) => bindingFaults(binding, old, false),
  'mutatingwebhookconfigurations.admissionregistration.k8s.io': webhookFaults,
  'validatingwebhookconfigurations.admissionregistration.k8s.io': webhookFaults,
  'validatingadmissionpolicies.admissionregistration.k8s.io': own(policyFaults),
  'validatingadmissionpolicybindings.admissionregistration.k8s.io': policyBindingFaults,
}

/** Gives the strategies of a table the rules of their kinds, and what there is to warn of. */
export function withValidations(table: Record<string, Strategy<any>>): Record<string, Strategy<any>> {
  const result = { ...table }
  for (const [resource, faults] of Object.entries(VALIDATIONS)) {
    const validate: Strategy<any>['validate'] = (object, old, { subresource }) =>
      faults(object, old, subresource)
    result[resource] = { ...table[resource], validate }
  }
  for (const [resource, warnings] of Object.entries(WARNINGS)) {
    result[resource] = { ...result[resource], warnings }
  }
  return result
}
