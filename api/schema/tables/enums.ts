import { KEY_USAGES } from './key-usages.ts'

interface Enum {
  /** Separated by spaces, or a list where there are spaces in them. */
  values: string | readonly string[]
  /** `package.Definition.field` of every field of this type, space-separated. */
  fields: string
}

/** The enumerated string types of Kubernetes v1.34 (`+enum` in its `types.go`), by Go type name. */
export const ENUMS: Record<string, Enum> = {
  'v1.StatefulSetUpdateStrategyType': {
    values: 'OnDelete RollingUpdate',
    fields: 'apps.v1.StatefulSetUpdateStrategy.type',
  },
  'v1.PodManagementPolicyType': {
    values: 'OrderedReady Parallel',
    fields: 'apps.v1.StatefulSetSpec.podManagementPolicy',
  },
  'v1.DeploymentStrategyType': {
    values: 'Recreate RollingUpdate',
    fields: 'apps.v1.DeploymentStrategy.type',
  },
  'v1.DaemonSetUpdateStrategyType': {
    values: 'OnDelete RollingUpdate',
    fields: 'apps.v1.DaemonSetUpdateStrategy.type',
  },
  'v1.PodFailurePolicyOnExitCodesOperator': {
    values: 'In NotIn',
    fields: 'batch.v1.PodFailurePolicyOnExitCodesRequirement.operator',
  },
  'v1.PodFailurePolicyAction': {
    values: 'Count FailIndex FailJob Ignore',
    fields: 'batch.v1.PodFailurePolicyRule.action',
  },
  'v1.CompletionMode': { values: 'Indexed NonIndexed', fields: 'batch.v1.JobSpec.completionMode' },
  'v1.PodReplacementPolicy': {
    values: 'Failed TerminatingOrFailed',
    fields: 'batch.v1.JobSpec.podReplacementPolicy',
  },
  'v1.ConcurrencyPolicy': {
    values: 'Allow Forbid Replace',
    fields: 'batch.v1.CronJobSpec.concurrencyPolicy',
  },
  'v1.PersistentVolumeAccessMode': {
    values: 'ReadOnlyMany ReadWriteMany ReadWriteOnce ReadWriteOncePod',
    fields:
      'core.v1.PersistentVolumeSpec.accessModes core.v1.PersistentVolumeClaimSpec.accessModes core.v1.PersistentVolumeClaimStatus.accessModes',
  },
  'v1.PersistentVolumeReclaimPolicy': {
    values: 'Delete Recycle Retain',
    fields:
      'core.v1.PersistentVolumeSpec.persistentVolumeReclaimPolicy storage.v1.StorageClass.reclaimPolicy',
  },
  'v1.PersistentVolumeMode': {
    values: 'Block Filesystem',
    fields: 'core.v1.PersistentVolumeSpec.volumeMode core.v1.PersistentVolumeClaimSpec.volumeMode',
  },
  'v1.PersistentVolumePhase': {
    values: 'Available Bound Failed Pending Released',
    fields: 'core.v1.PersistentVolumeStatus.phase',
  },
  'v1.PersistentVolumeClaimModifyVolumeStatus': {
    values: 'InProgress Infeasible Pending',
    fields: 'core.v1.ModifyVolumeStatus.status',
  },
  'v1.PersistentVolumeClaimPhase': {
    values: 'Bound Lost Pending',
    fields: 'core.v1.PersistentVolumeClaimStatus.phase',
  },
  'v1.ClaimResourceStatus': {
    values:
      'ControllerResizeInProgress ControllerResizeInfeasible NodeResizeInProgress NodeResizeInfeasible NodeResizePending',
    fields: 'core.v1.PersistentVolumeClaimStatus.allocatedResourceStatuses',
  },
  'v1.HostPathType': {
    values: ' BlockDevice CharDevice Directory DirectoryOrCreate File FileOrCreate Socket',
    fields: 'core.v1.HostPathVolumeSource.type',
  },
  'v1.AzureDataDiskCachingMode': {
    values: 'None ReadOnly ReadWrite',
    fields: 'core.v1.AzureDiskVolumeSource.cachingMode',
  },
  'v1.AzureDataDiskKind': {
    values: 'Dedicated Managed Shared',
    fields: 'core.v1.AzureDiskVolumeSource.kind',
  },
  'v1.Protocol': {
    values: 'SCTP TCP UDP',
    fields:
      'core.v1.ContainerPort.protocol core.v1.ServicePort.protocol core.v1.EndpointPort.protocol core.v1.PortStatus.protocol discovery.v1.EndpointPort.protocol networking.v1.NetworkPolicyPort.protocol networking.v1.IngressPortStatus.protocol',
  },
  'v1.MountPropagationMode': {
    values: 'Bidirectional HostToContainer None',
    fields: 'core.v1.VolumeMount.mountPropagation',
  },
  'v1.URIScheme': { values: 'HTTP HTTPS', fields: 'core.v1.HTTPGetAction.scheme' },
  'v1.TerminationMessagePolicy': {
    values: 'FallbackToLogsOnError File',
    fields: 'core.v1.Container.terminationMessagePolicy core.v1.EphemeralContainer.terminationMessagePolicy',
  },
  'v1.PullPolicy': {
    values: 'Always IfNotPresent Never',
    fields:
      'core.v1.Container.imagePullPolicy core.v1.EphemeralContainer.imagePullPolicy core.v1.ImageVolumeSource.pullPolicy',
  },
  'v1.NodeSelectorOperator': {
    values: 'DoesNotExist Exists Gt In Lt NotIn',
    fields: 'core.v1.NodeSelectorRequirement.operator',
  },
  'v1.TaintEffect': {
    values: 'NoExecute NoSchedule PreferNoSchedule',
    fields: 'core.v1.Taint.effect core.v1.Toleration.effect',
  },
  'v1.TolerationOperator': { values: 'Equal Exists', fields: 'core.v1.Toleration.operator' },
  'v1.RestartPolicy': { values: 'Always Never OnFailure', fields: 'core.v1.PodSpec.restartPolicy' },
  'v1.DNSPolicy': {
    values: 'ClusterFirst ClusterFirstWithHostNet Default None',
    fields: 'core.v1.PodSpec.dnsPolicy',
  },
  'v1.PreemptionPolicy': {
    values: 'Never PreemptLowerPriority',
    fields: 'core.v1.PodSpec.preemptionPolicy scheduling.v1.PriorityClass.preemptionPolicy',
  },
  'v1.UnsatisfiableConstraintAction': {
    values: 'DoNotSchedule ScheduleAnyway',
    fields: 'core.v1.TopologySpreadConstraint.whenUnsatisfiable',
  },
  'v1.NodeInclusionPolicy': {
    values: 'Honor Ignore',
    fields:
      'core.v1.TopologySpreadConstraint.nodeAffinityPolicy core.v1.TopologySpreadConstraint.nodeTaintsPolicy',
  },
  'v1.SupplementalGroupsPolicy': {
    values: 'Merge Strict',
    fields: 'core.v1.PodSecurityContext.supplementalGroupsPolicy',
  },
  'v1.PodFSGroupChangePolicy': {
    values: 'Always OnRootMismatch',
    fields: 'core.v1.PodSecurityContext.fsGroupChangePolicy',
  },
  'v1.SeccompProfileType': {
    values: 'Localhost RuntimeDefault Unconfined',
    fields: 'core.v1.SeccompProfile.type',
  },
  'v1.AppArmorProfileType': {
    values: 'Localhost RuntimeDefault Unconfined',
    fields: 'core.v1.AppArmorProfile.type',
  },
  'v1.PodPhase': { values: 'Failed Pending Running Succeeded Unknown', fields: 'core.v1.PodStatus.phase' },
  'v1.PodQOSClass': { values: 'BestEffort Burstable Guaranteed', fields: 'core.v1.PodStatus.qosClass' },
  'v1.ServiceType': {
    values: 'ClusterIP ExternalName LoadBalancer NodePort',
    fields: 'core.v1.ServiceSpec.type',
  },
  'v1.ServiceAffinity': { values: 'ClientIP None', fields: 'core.v1.ServiceSpec.sessionAffinity' },
  'v1.ServiceExternalTrafficPolicy': {
    values: 'Cluster Local',
    fields: 'core.v1.ServiceSpec.externalTrafficPolicy',
  },
  'v1.ServiceInternalTrafficPolicy': {
    values: 'Cluster Local',
    fields: 'core.v1.ServiceSpec.internalTrafficPolicy',
  },
  'v1.IPFamilyPolicy': {
    values: 'PreferDualStack RequireDualStack SingleStack',
    fields: 'core.v1.ServiceSpec.ipFamilyPolicy',
  },
  'v1.NodePhase': { values: 'Pending Running Terminated', fields: 'core.v1.NodeStatus.phase' },
  'v1.NamespacePhase': { values: 'Active Terminating', fields: 'core.v1.NamespaceStatus.phase' },
  'v1.ResourceQuotaScope': {
    values:
      'BestEffort CrossNamespacePodAffinity NotBestEffort NotTerminating PriorityClass Terminating VolumeAttributesClass',
    fields: 'core.v1.ResourceQuotaSpec.scopes core.v1.ScopedResourceSelectorRequirement.scopeName',
  },
  'v1.ScopeSelectorOperator': {
    values: 'DoesNotExist Exists In NotIn',
    fields: 'core.v1.ScopedResourceSelectorRequirement.operator',
  },
  'v1.ProcMountType': { values: 'Default Unmasked', fields: 'core.v1.SecurityContext.procMount' },
  'v1.AddressType': { values: 'FQDN IPv4 IPv6', fields: 'discovery.v1.EndpointSlice.addressType' },
  'v1.PolicyType': { values: 'Egress Ingress', fields: 'networking.v1.NetworkPolicySpec.policyTypes' },
  'v1.PathType': {
    values: 'Exact ImplementationSpecific Prefix',
    fields: 'networking.v1.HTTPIngressPath.pathType',
  },
  'v1.UnhealthyPodEvictionPolicyType': {
    values: 'AlwaysAllow IfHealthyBudget',
    fields: 'policy.v1.PodDisruptionBudgetSpec.unhealthyPodEvictionPolicy',
  },
  'v1.VolumeBindingMode': {
    values: 'Immediate WaitForFirstConsumer',
    fields: 'storage.v1.StorageClass.volumeBindingMode',
  },
  'v1.FailurePolicyType': {
    values: 'Fail Ignore',
    fields:
      'admissionregistration.v1.MutatingWebhook.failurePolicy admissionregistration.v1.ValidatingWebhook.failurePolicy admissionregistration.v1.ValidatingAdmissionPolicySpec.failurePolicy',
  },
  'v1.MatchPolicyType': {
    values: 'Equivalent Exact',
    fields:
      'admissionregistration.v1.MutatingWebhook.matchPolicy admissionregistration.v1.ValidatingWebhook.matchPolicy admissionregistration.v1.MatchResources.matchPolicy',
  },
  'v1.SideEffectClass': {
    values: 'None NoneOnDryRun Some Unknown',
    fields:
      'admissionregistration.v1.MutatingWebhook.sideEffects admissionregistration.v1.ValidatingWebhook.sideEffects',
  },
  // Upstream's OpenAPI does not list what values it has.
  'v1.ReinvocationPolicyType': {
    values: [],
    fields: 'admissionregistration.v1.MutatingWebhook.reinvocationPolicy',
  },
  'v1.OperationType': {
    values: '* CONNECT CREATE DELETE UPDATE',
    fields:
      'admissionregistration.v1.RuleWithOperations.operations admissionregistration.v1.NamedRuleWithOperations.operations',
  },
  'v1.ValidationAction': {
    values: 'Audit Deny Warn',
    fields: 'admissionregistration.v1.ValidatingAdmissionPolicyBindingSpec.validationActions',
  },
  'v1.FieldValueErrorReason': {
    values: 'FieldValueDuplicate FieldValueForbidden FieldValueInvalid FieldValueRequired',
    fields: 'apiextensions.v1.ValidationRule.reason',
  },
  'v1.KeyUsage': {
    values: KEY_USAGES,
    fields: 'certificates.v1.CertificateSigningRequestSpec.usages',
  },
  'v1.Signal': {
    values:
      'SIGABRT SIGALRM SIGBUS SIGCHLD SIGCLD SIGCONT SIGFPE SIGHUP SIGILL SIGINT SIGIO SIGIOT SIGKILL SIGPIPE SIGPOLL SIGPROF SIGPWR SIGQUIT SIGRTMAX SIGRTMAX-1 SIGRTMAX-10 SIGRTMAX-11 SIGRTMAX-12 SIGRTMAX-13 SIGRTMAX-14 SIGRTMAX-2 SIGRTMAX-3 SIGRTMAX-4 SIGRTMAX-5 SIGRTMAX-6 SIGRTMAX-7 SIGRTMAX-8 SIGRTMAX-9 SIGRTMIN SIGRTMIN+1 SIGRTMIN+10 SIGRTMIN+11 SIGRTMIN+12 SIGRTMIN+13 SIGRTMIN+14 SIGRTMIN+15 SIGRTMIN+2 SIGRTMIN+3 SIGRTMIN+4 SIGRTMIN+5 SIGRTMIN+6 SIGRTMIN+7 SIGRTMIN+8 SIGRTMIN+9 SIGSEGV SIGSTKFLT SIGSTOP SIGSYS SIGTERM SIGTRAP SIGTSTP SIGTTIN SIGTTOU SIGURG SIGUSR1 SIGUSR2 SIGVTALRM SIGWINCH SIGXCPU SIGXFSZ',
    fields: 'core.v1.Lifecycle.stopSignal core.v1.ContainerStatus.stopSignal',
  },
  'v1.IPFamily': { values: ' IPv4 IPv6', fields: 'core.v1.ServiceSpec.ipFamilies' },
  'v1.DeviceTaintEffect': {
    values: 'NoExecute NoSchedule',
    fields: 'resource.v1.DeviceTaint.effect resource.v1.DeviceToleration.effect',
  },
  'v1.DeviceTolerationOperator': { values: 'Equal Exists', fields: 'resource.v1.DeviceToleration.operator' },
}
