import { type KindDeclaration, resourceName } from '../../api/kinds/kind.ts'

/** How the rules of one kind look at metadata, besides what holds for all kinds. */
export interface MetadataChecks {
  /** Whether finalizers need a domain, but for the three of Kubernetes itself. */
  hasStandardFinalizers: boolean
  /** On an update, in turn: `M` looks at all metadata, `U` at what was changed. */
  onUpdate: string
  /** The same for an update of the status. */
  onStatus: string
}

/** Kinds any of whose finalizers will do. */
const PLAIN = new Set([
  'events',
  'poddisruptionbudgets.policy',
  'leases.coordination.k8s.io',
  'runtimeclasses.node.k8s.io',
  'customresourcedefinitions.apiextensions.k8s.io',
  'apiservices.apiregistration.k8s.io',
  'mutatingwebhookconfigurations.admissionregistration.k8s.io',
  'validatingwebhookconfigurations.admissionregistration.k8s.io',
  'validatingadmissionpolicies.admissionregistration.k8s.io',
  'validatingadmissionpolicybindings.admissionregistration.k8s.io',
])

/** What is looked at on updates where that is not `U/U`: of the object, and of its status. */
const UPDATES: Record<string, string> = {
  configmaps: 'UM/U',
  endpoints: 'UM/U',
  events: '/',
  limitranges: 'M/U',
  namespaces: 'MU/U',
  nodes: 'MU/U',
  persistentvolumeclaims: 'MUM/U',
  persistentvolumes: 'MM/U',
  pods: 'UM/U',
  replicationcontrollers: 'MU/U',
  secrets: 'UM/U',
  serviceaccounts: 'UM/U',
  'controllerrevisions.apps': 'UM/U',
  'cronjobs.batch': 'U/',
  'jobs.batch': 'MU/U',
  'poddisruptionbudgets.policy': '/',
  'ingressclasses.networking.k8s.io': 'UM/U',
  'ingresses.networking.k8s.io': 'UM/U',
  'ipaddresses.networking.k8s.io': 'MU/U',
  'networkpolicies.networking.k8s.io': 'MU/U',
  'endpointslices.discovery.k8s.io': 'M/U',
  'clusterrolebindings.rbac.authorization.k8s.io': 'MMU/U',
  'clusterroles.rbac.authorization.k8s.io': 'MMU/U',
  'rolebindings.rbac.authorization.k8s.io': 'MMU/U',
  'roles.rbac.authorization.k8s.io': 'MMU/U',
  'csinodes.storage.k8s.io': 'MM/U',
  'csistoragecapacities.storage.k8s.io': 'MU/U',
  'storageclasses.storage.k8s.io': 'MU/U',
  'volumeattachments.storage.k8s.io': 'MM/MM',
  'volumeattributesclasses.storage.k8s.io': 'MUM/U',
  'runtimeclasses.node.k8s.io': 'MU/U',
  'certificatesigningrequests.certificates.k8s.io': 'MU/MU',
  'mutatingwebhookconfigurations.admissionregistration.k8s.io': 'M/',
  'validatingwebhookconfigurations.admissionregistration.k8s.io': 'M/',
  'validatingadmissionpolicies.admissionregistration.k8s.io': 'M/',
  'validatingadmissionpolicybindings.admissionregistration.k8s.io': 'M/',
  'apiservices.apiregistration.k8s.io': 'UM/U',
  'flowschemas.flowcontrol.apiserver.k8s.io': 'M/',
  'prioritylevelconfigurations.flowcontrol.apiserver.k8s.io': 'M/',
  'deviceclasses.resource.k8s.io': 'MU/U',
  'resourceclaimtemplates.resource.k8s.io': 'MU/U',
  'resourceclaims.resource.k8s.io': 'MU/U',
}

/** How the rules of a kind look at metadata. Asked where there is something to be said of it. */
export function metadataChecks(kind: KindDeclaration): MetadataChecks {
  const resource = resourceName(kind)
  const [onUpdate = '', onStatus = ''] = (UPDATES[resource] ?? 'U/U').split('/')
  return { hasStandardFinalizers: !kind.custom && !PLAIN.has(resource), onUpdate, onStatus }
}
