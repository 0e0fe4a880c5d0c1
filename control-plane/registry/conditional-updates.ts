import type { Strategy } from './strategy.ts'

/** Kinds whose updates must say which revision they change. Custom resources are so, too. */
const CONDITIONAL = [
  'apiservices.apiregistration.k8s.io',
  'csidrivers.storage.k8s.io',
  'csinodes.storage.k8s.io',
  'csistoragecapacities.storage.k8s.io',
  'customresourcedefinitions.apiextensions.k8s.io',
  'leases.coordination.k8s.io',
  'mutatingwebhookconfigurations.admissionregistration.k8s.io',
  'poddisruptionbudgets.policy',
  'runtimeclasses.node.k8s.io',
  'validatingadmissionpolicies.admissionregistration.k8s.io',
  'validatingadmissionpolicybindings.admissionregistration.k8s.io',
  'validatingwebhookconfigurations.admissionregistration.k8s.io',
  'volumeattachments.storage.k8s.io',
]

/** Lets updates of these kinds be refused where they do not say their revision. All of them have strategies. */
export function withConditionalUpdates(table: Record<string, Strategy<any>>): Record<string, Strategy<any>> {
  const result = { ...table }
  for (const resource of CONDITIONAL) {
    result[resource] = { ...table[resource]!, allowUnconditionalUpdate: false }
  }
  return result
}
