const NULLS = [
  'apiextensions.v1.CustomResourceDefinitionCondition.lastTransitionTime',
  'apiregistration.v1.APIServiceCondition.lastTransitionTime',
  'apps.v1.DaemonSetCondition.lastTransitionTime',
  'apps.v1.DeploymentCondition.lastTransitionTime',
  'apps.v1.DeploymentCondition.lastUpdateTime',
  'apps.v1.ReplicaSetCondition.lastTransitionTime',
  'apps.v1.StatefulSetCondition.lastTransitionTime',
  'autoscaling.v2.HorizontalPodAutoscalerCondition.lastTransitionTime',
  'autoscaling.v2.HorizontalPodAutoscalerStatus.currentMetrics',
  'batch.v1.JobCondition.lastProbeTime',
  'batch.v1.JobCondition.lastTransitionTime',
  'certificates.v1.CertificateSigningRequestCondition.lastTransitionTime',
  'certificates.v1.CertificateSigningRequestCondition.lastUpdateTime',
  'core.v1.ContainerStateRunning.startedAt',
  'core.v1.ContainerStateTerminated.finishedAt',
  'core.v1.ContainerStateTerminated.startedAt',
  'core.v1.Event.eventTime',
  'core.v1.Event.firstTimestamp',
  'core.v1.Event.lastTimestamp',
  'core.v1.EventSeries.lastObservedTime',
  'core.v1.LimitRangeSpec.limits',
  'core.v1.NamespaceCondition.lastTransitionTime',
  'core.v1.NodeCondition.lastHeartbeatTime',
  'core.v1.NodeCondition.lastTransitionTime',
  'core.v1.PersistentVolumeClaimCondition.lastProbeTime',
  'core.v1.PersistentVolumeClaimCondition.lastTransitionTime',
  'core.v1.PodCondition.lastProbeTime',
  'core.v1.PodCondition.lastTransitionTime',
  'core.v1.ReplicationControllerCondition.lastTransitionTime',
  'discovery.v1.EndpointSlice.endpoints',
  'discovery.v1.EndpointSlice.ports',
  'events.v1.Event.deprecatedFirstTimestamp',
  'events.v1.Event.deprecatedLastTimestamp',
  'events.v1.Event.eventTime',
  'events.v1.EventSeries.lastObservedTime',
  'flowcontrol.v1.FlowSchemaCondition.lastTransitionTime',
  'flowcontrol.v1.PriorityLevelConfigurationCondition.lastTransitionTime',
  'meta.v1.Condition.lastTransitionTime',
  'rbac.v1.ClusterRole.rules',
  'rbac.v1.Role.rules',
  'storage.v1.CSINodeSpec.drivers',
  'storage.v1.VolumeError.time',
]

const TEXTS = ['core.v1.Event.reportingComponent', 'core.v1.Event.reportingInstance']

const EMPTY = [
  'core.v1.ContainerStatus.lastState',
  'core.v1.ContainerStatus.state',
  'core.v1.PodTemplateSpec.metadata',
  'discovery.v1.Endpoint.conditions',
  'resource.v1.ResourceClaimTemplateSpec.metadata',
]

/**
 * What Go writes of Kubernetes v1.34's types although it was left out, made anew by each call: null for times held by value
 * (but those of metadata, which are marked `omitzero`) and for lists without `omitempty` that rules let objects do without,
 * '' and {} for texts and structs of that sort. Keys are as in `structs.ts`.
 */
export const WRITTEN: ReadonlyMap<string, () => null | '' | object> = new Map<
  string,
  () => null | '' | object
>([
  ...NULLS.map(path => [path, () => null] as const),
  ...TEXTS.map(path => [path, () => ''] as const),
  ...EMPTY.map(path => [path, () => ({})] as const),
])
