/**
 * What the installed models do not say of lists and maps (Kubernetes v1.34 `types.go` tags): how strategic merge patch and
 * server-side apply merge them. Keys are `Definition.field` with the package (`core.v1.`) in front; a list that is in
 * neither table is atomic.
 */

/** Patch strategy and merge key of strategic merge patch. */
export const PATCHES: Record<string, { strategy: string; key?: string }> = {}

/** List type of server-side apply: the keys of a list of maps, or `set`. */
export const LISTS: Record<string, readonly string[] | 'set'> = {}

/** Lists merged by one key in strategic merge patch, and by the same key in server-side apply. */
const MERGED: Record<string, string> = {
  'admissionregistration.v1.MutatingWebhook.matchConditions': 'name',
  'admissionregistration.v1.MutatingWebhookConfiguration.webhooks': 'name',
  'admissionregistration.v1.ValidatingAdmissionPolicySpec.matchConditions': 'name',
  'admissionregistration.v1.ValidatingAdmissionPolicySpec.variables': 'name',
  'admissionregistration.v1.ValidatingWebhook.matchConditions': 'name',
  'admissionregistration.v1.ValidatingWebhookConfiguration.webhooks': 'name',
  'apiextensions.v1.JSONSchemaProps.x-kubernetes-validations': 'rule',
  'apiregistration.v1.APIServiceStatus.conditions': 'type',
  'apps.v1.StatefulSetStatus.conditions': 'type',
  'apps.v1.DeploymentStatus.conditions': 'type',
  'apps.v1.DaemonSetStatus.conditions': 'type',
  'apps.v1.ReplicaSetStatus.conditions': 'type',
  'autoscaling.v2.HorizontalPodAutoscalerStatus.conditions': 'type',
  'core.v1.PersistentVolumeClaimStatus.conditions': 'type',
  'core.v1.Container.env': 'name',
  'core.v1.Container.volumeMounts': 'mountPath',
  'core.v1.Container.volumeDevices': 'devicePath',
  'core.v1.EphemeralContainer.env': 'name',
  'core.v1.EphemeralContainer.volumeMounts': 'mountPath',
  'core.v1.EphemeralContainer.volumeDevices': 'devicePath',
  'core.v1.ContainerStatus.volumeMounts': 'mountPath',
  'core.v1.ContainerStatus.allocatedResourcesStatus': 'name',
  'core.v1.PodSpec.volumes': 'name',
  'core.v1.PodSpec.initContainers': 'name',
  'core.v1.PodSpec.containers': 'name',
  'core.v1.PodSpec.ephemeralContainers': 'name',
  'core.v1.PodSpec.imagePullSecrets': 'name',
  'core.v1.PodSpec.hostAliases': 'ip',
  'core.v1.PodSpec.schedulingGates': 'name',
  'core.v1.PodSpec.resourceClaims': 'name',
  'core.v1.PodStatus.conditions': 'type',
  'core.v1.PodStatus.podIPs': 'ip',
  'core.v1.PodStatus.resourceClaimStatuses': 'name',
  'core.v1.ReplicationControllerStatus.conditions': 'type',
  'core.v1.ServiceStatus.conditions': 'type',
  'core.v1.ServiceAccount.secrets': 'name',
  'core.v1.NodeStatus.conditions': 'type',
  'core.v1.NodeStatus.addresses': 'type',
  'core.v1.NamespaceStatus.conditions': 'type',
  'core.v1.ComponentStatus.conditions': 'type',
  'networking.v1.ServiceCIDRStatus.conditions': 'type',
  'policy.v1.PodDisruptionBudgetStatus.conditions': 'type',
  'storage.v1.CSINodeSpec.drivers': 'name',
  'flowcontrol.v1.FlowSchemaStatus.conditions': 'type',
  'flowcontrol.v1.PriorityLevelConfigurationStatus.conditions': 'type',
  'resource.v1.ResourceClaimStatus.reservedFor': 'uid',
  'meta.v1.ObjectMeta.ownerReferences': 'uid',
}

/** Where the two disagree, or there is more than one key. */
const SPECIAL: [string, key: string | undefined, list: readonly string[] | 'set' | undefined][] = [
  ['batch.v1.JobStatus.conditions', 'type', undefined],
  ['core.v1.Container.ports', 'containerPort', ['containerPort', 'protocol']],
  ['core.v1.EphemeralContainer.ports', 'containerPort', ['containerPort', 'protocol']],
  ['core.v1.PodSpec.topologySpreadConstraints', 'topologyKey', ['topologyKey', 'whenUnsatisfiable']],
  ['core.v1.PodStatus.hostIPs', 'ip', undefined],
  ['core.v1.ServiceSpec.ports', 'port', ['port', 'protocol']],
  ['core.v1.NodeSpec.podCIDRs', undefined, 'set'],
  ['meta.v1.ObjectMeta.finalizers', undefined, 'set'],
]

for (const [field, key] of Object.entries(MERGED)) {
  PATCHES[field] = { strategy: 'merge', key }
  LISTS[field] = [key]
}
for (const [field, key, list] of SPECIAL) {
  PATCHES[field] = key ? { strategy: 'merge', key } : { strategy: 'merge' }
  if (list) LISTS[field] = list
}
for (const field of ['volumes', 'resourceClaims'])
  PATCHES[`core.v1.PodSpec.${field}`]!.strategy = 'merge,retainKeys'
PATCHES['core.v1.PodStatus.resourceClaimStatuses']!.strategy = 'merge,retainKeys'

Object.assign(PATCHES, {
  'apps.v1.DeploymentSpec.strategy': { strategy: 'retainKeys' },
  'policy.v1.PodDisruptionBudgetSpec.selector': { strategy: 'replace' },
})

Object.assign(LISTS, {
  'admissionregistration.v1.ValidatingAdmissionPolicyStatus.conditions': ['type'],
  'admissionregistration.v1.ValidatingAdmissionPolicyBindingSpec.validationActions': 'set',
  'apiextensions.v1.CustomResourceDefinitionStatus.conditions': ['type'],
  'flowcontrol.v1.NonResourcePolicyRule.nonResourceURLs': 'set',
  'flowcontrol.v1.NonResourcePolicyRule.verbs': 'set',
  'flowcontrol.v1.ResourcePolicyRule.apiGroups': 'set',
  'flowcontrol.v1.ResourcePolicyRule.namespaces': 'set',
  'flowcontrol.v1.ResourcePolicyRule.resources': 'set',
  'flowcontrol.v1.ResourcePolicyRule.verbs': 'set',
  'resource.v1.AllocatedDeviceStatus.conditions': ['type'],
  'resource.v1.ResourceClaimStatus.devices': ['driver', 'device', 'pool', 'shareID'],
  'batch.v1.PodFailurePolicyOnExitCodesRequirement.values': 'set',
  'batch.v1.UncountedTerminatedPods.succeeded': 'set',
  'batch.v1.UncountedTerminatedPods.failed': 'set',
  'certificates.v1.CertificateSigningRequestStatus.conditions': ['type'],
  'core.v1.ResourceRequirements.claims': ['name'],
  'core.v1.ResourceStatus.resources': ['resourceID'],
  'core.v1.ContainerRestartRuleOnExitCodes.values': 'set',
  'discovery.v1.Endpoint.addresses': 'set',
  'storage.v1.CSIDriverSpec.volumeLifecycleModes': 'set',
})

/** Maps replaced whole by server-side apply: fields, and whole definitions. */
export const ATOMIC_FIELDS: ReadonlySet<string> = new Set([
  'core.v1.PodSpec.nodeSelector',
  'core.v1.ReplicationControllerSpec.selector',
  'core.v1.ServiceSpec.selector',
  'node.v1.Scheduling.nodeSelector',
])

/** Fields whose type is replaced whole elsewhere, and merged here. */
export const GRANULAR_FIELDS: ReadonlySet<string> = new Set(['core.v1.PersistentVolumeSpec.claimRef'])

export const ATOMIC_DEFINITIONS: ReadonlySet<string> = new Set([
  ...'ConfigMapKeySelector EndpointAddress EndpointPort FileKeySelector LocalObjectReference NodeSelector'
    .concat(' NodeSelectorTerm ObjectFieldSelector ObjectReference ResourceFieldSelector ScopeSelector')
    .concat(' SecretKeySelector SecretReference TopologySelectorTerm TypedLocalObjectReference')
    .split(' ')
    .map(name => `core.v1.${name}`),
  'autoscaling.v1.CrossVersionObjectReference',
  'admissionregistration.v1.MatchResources',
  'admissionregistration.v1.NamedRuleWithOperations',
  'admissionregistration.v1.ParamKind',
  'admissionregistration.v1.ParamRef',
  'discovery.v1.EndpointPort',
  'meta.v1.LabelSelector',
  'meta.v1.OwnerReference',
  'networking.v1.ServiceBackendPort',
  'rbac.v1.RoleRef',
  'rbac.v1.Subject',
])
