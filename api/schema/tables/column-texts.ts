/**
 * What v1.34 says of the columns of `kubectl get`, by kind. A text of the form `#core.v1.PodStatus.podIP` is that of the field.
 */
type Columns = Readonly<Record<string, string>>

const NAME = '#meta.v1.ObjectMeta.name'
const CREATED = '#meta.v1.ObjectMeta.creationTimestamp'

/** Columns that all kinds may have. */
export const COMMON_COLUMN_TEXTS: Columns = { Name: NAME, Age: CREATED, 'Created At': CREATED }

const TEMPLATE: Columns = {
  Containers: 'Names of each container in the template.',
  Images: 'Images referenced by each container in the template.',
}

const READY = 'Number of the pod with ready state'

/** Columns that are fields: their names and the fields', of a definition. */
function fieldsOf(definition: string, columns: Columns): Columns {
  const texts = Object.entries(columns).map(([column, field]) => [column, `#${definition}.${field}`])
  return Object.fromEntries(texts)
}

const workloads: Readonly<Record<string, Columns>> = {
  Pod: {
    Ready: 'The aggregate readiness state of this pod for accepting traffic.',
    Status: 'The aggregate status of the containers in this pod.',
    Restarts:
      'The number of times the containers in this pod have been restarted and when the last container in this pod has restarted.',
    ...fieldsOf('core.v1.PodStatus', { IP: 'podIP', 'Nominated Node': 'nominatedNodeName' }),
    ...fieldsOf('core.v1.PodSpec', { Node: 'nodeName', 'Readiness Gates': 'readinessGates' }),
  },
  PodTemplate: { ...TEMPLATE, 'Pod Labels': 'The labels for the pod template.' },
  PodDisruptionBudget: {
    'Min Available': 'The minimum number of pods that must be available.',
    'Max Unavailable': 'The maximum number of pods that may be unavailable.',
    'Allowed Disruptions': 'Calculated number of pods that may be disrupted at this time.',
  },
  ReplicationController: {
    ...TEMPLATE,
    ...fieldsOf('core.v1.ReplicationControllerSpec', { Desired: 'replicas', Selector: 'selector' }),
    ...fieldsOf('core.v1.ReplicationControllerStatus', { Current: 'replicas', Ready: 'readyReplicas' }),
  },
  ReplicaSet: {
    ...TEMPLATE,
    ...fieldsOf('apps.v1.ReplicaSetSpec', { Desired: 'replicas', Selector: 'selector' }),
    ...fieldsOf('apps.v1.ReplicaSetStatus', { Current: 'replicas', Ready: 'readyReplicas' }),
  },
  DaemonSet: {
    ...TEMPLATE,
    ...fieldsOf('apps.v1.DaemonSetStatus', {
      Desired: 'desiredNumberScheduled',
      Current: 'currentNumberScheduled',
      Ready: 'numberReady',
      'Up-to-date': 'updatedNumberScheduled',
      Available: 'numberAvailable',
    }),
    'Node Selector': '#core.v1.PodSpec.nodeSelector',
    Selector: '#apps.v1.DaemonSetSpec.selector',
  },
  Deployment: {
    ...TEMPLATE,
    Ready: READY,
    ...fieldsOf('apps.v1.DeploymentStatus', {
      'Up-to-date': 'updatedReplicas',
      Available: 'availableReplicas',
    }),
    Selector: '#apps.v1.DeploymentSpec.selector',
  },
  StatefulSet: { ...TEMPLATE, Ready: READY },
  Job: {
    ...TEMPLATE,
    Status: 'Status of the job.',
    Completions: '#batch.v1.JobStatus.succeeded',
    Duration: 'Time required to complete the job.',
    Selector: '#batch.v1.JobSpec.selector',
  },
  CronJob: {
    ...TEMPLATE,
    ...fieldsOf('batch.v1.CronJobSpec', { Schedule: 'schedule', Timezone: 'timeZone', Suspend: 'suspend' }),
    ...fieldsOf('batch.v1.CronJobStatus', { Active: 'active', 'Last Schedule': 'lastScheduleTime' }),
    Selector: '#batch.v1.JobSpec.selector',
  },
  ControllerRevision: {
    Controller: 'Controller of the object',
    Revision: '#apps.v1.ControllerRevision.revision',
  },
  HorizontalPodAutoscaler: {
    ...fieldsOf('autoscaling.v2.HorizontalPodAutoscalerSpec', {
      Reference: 'scaleTargetRef',
      Targets: 'metrics',
      MinPods: 'minReplicas',
      MaxPods: 'maxReplicas',
    }),
    Replicas: '#autoscaling.v2.HorizontalPodAutoscalerStatus.currentReplicas',
  },
  Scale: {
    Desired: '#autoscaling.v1.ScaleSpec.replicas',
    Available: '#autoscaling.v1.ScaleStatus.replicas',
  },
}

const cluster: Readonly<Record<string, Columns>> = {
  Node: {
    Status: 'The status of the node',
    Roles: 'The roles of the node',
    ...fieldsOf('core.v1.NodeStatus', { 'Internal-IP': 'addresses', 'External-IP': 'addresses' }),
    ...fieldsOf('core.v1.NodeSystemInfo', {
      Version: 'kubeletVersion',
      'OS-Image': 'osImage',
      'Kernel-Version': 'kernelVersion',
      'Container-Runtime': 'containerRuntimeVersion',
    }),
  },
  Event: {
    ...fieldsOf('core.v1.Event', {
      'Last Seen': 'lastTimestamp',
      Type: 'type',
      Reason: 'reason',
      Object: 'involvedObject',
      Source: 'source',
      Message: 'message',
      'First Seen': 'firstTimestamp',
      Count: 'count',
    }),
    Subobject: '#core.v1.ObjectReference.fieldPath',
  },
  Namespace: { Status: 'The status of the namespace' },
  Secret: fieldsOf('core.v1.Secret', { Type: 'type', Data: 'data' }),
  ConfigMap: fieldsOf('core.v1.ConfigMap', { Data: 'data' }),
  ServiceAccount: fieldsOf('core.v1.ServiceAccount', { Secrets: 'secrets' }),
  ComponentStatus: {
    Status: 'Status of the component conditions',
    Message: 'Message of the component conditions',
    Error: 'Error of the component conditions',
  },
  ResourceQuota: {
    Request: 'Request represents a minimum amount of cpu/memory that a container may consume.',
    Limit:
      'Limits control the maximum amount of cpu/memory that a container may use independent of contention on the node.',
  },
  Lease: { Holder: '#coordination.v1.LeaseSpec.holderIdentity' },
  PriorityClass: fieldsOf('scheduling.v1.PriorityClass', {
    Value: 'value',
    'Global-Default': 'globalDefault',
    PreemptionPolicy: 'preemptionPolicy',
  }),
  APIService: {
    Service: 'The reference to the service that hosts this API endpoint.',
    Available: 'Whether this service is available.',
  },
  ResourceClaim: { State: 'A summary of the current state (allocated, pending, reserved, etc.).' },
  ResourceSlice: {
    ...fieldsOf('resource.v1.ResourceSliceSpec', { Node: 'nodeName', Driver: 'driver' }),
    Pool: '#resource.v1.ResourcePool.name',
  },
}

const network: Readonly<Record<string, Columns>> = {
  Service: fieldsOf('core.v1.ServiceSpec', {
    Type: 'type',
    'Cluster-IP': 'clusterIP',
    'External-IP': 'externalIPs',
    'Port(s)': 'ports',
    Selector: 'selector',
  }),
  Endpoints: fieldsOf('core.v1.Endpoints', { Endpoints: 'subsets' }),
  EndpointSlice: fieldsOf('discovery.v1.EndpointSlice', {
    AddressType: 'addressType',
    Ports: 'ports',
    Endpoints: 'endpoints',
  }),
  Ingress: {
    Class: 'The name of the IngressClass resource that should be used for additional configuration',
    Hosts: 'Hosts that incoming requests are matched against before the ingress rule',
    Address: 'Address is a list containing ingress points for the load-balancer',
    Ports: 'Ports of TLS configurations that open',
  },
  IngressClass: {
    Controller: 'Controller that is responsible for handling this class',
    Parameters: 'A reference to a resource with additional parameters',
  },
  NetworkPolicy: { 'Pod-Selector': '#networking.v1.NetworkPolicySpec.podSelector' },
  ServiceCIDR: { CIDRs: '#networking.v1.ServiceCIDRSpec.cidrs' },
  IPAddress: { ParentRef: '#networking.v1.IPAddressSpec.parentRef' },
}

const storage: Readonly<Record<string, Columns>> = {
  PersistentVolume: {
    ...fieldsOf('core.v1.PersistentVolumeSpec', {
      Capacity: 'capacity',
      'Access Modes': 'accessModes',
      'Reclaim Policy': 'persistentVolumeReclaimPolicy',
      Claim: 'claimRef',
      VolumeMode: 'volumeMode',
    }),
    ...fieldsOf('core.v1.PersistentVolumeStatus', { Status: 'phase', Reason: 'reason' }),
    StorageClass: 'StorageClass of the pv',
    VolumeAttributesClass: 'VolumeAttributesClass of the pv',
  },
  PersistentVolumeClaim: {
    ...fieldsOf('core.v1.PersistentVolumeClaimSpec', { Volume: 'volumeName', VolumeMode: 'volumeMode' }),
    ...fieldsOf('core.v1.PersistentVolumeClaimStatus', {
      Status: 'phase',
      Capacity: 'capacity',
      'Access Modes': 'accessModes',
    }),
    StorageClass: 'StorageClass of the pvc',
    VolumeAttributesClass: 'VolumeAttributesClass of the pvc',
  },
  StorageClass: fieldsOf('storage.v1.StorageClass', {
    Provisioner: 'provisioner',
    ReclaimPolicy: 'reclaimPolicy',
    VolumeBindingMode: 'volumeBindingMode',
    AllowVolumeExpansion: 'allowVolumeExpansion',
  }),
  VolumeAttributesClass: fieldsOf('storage.v1.VolumeAttributesClass', { DriverName: 'driverName' }),
  VolumeAttachment: {
    ...fieldsOf('storage.v1.VolumeAttachmentSpec', { Attacher: 'attacher', Node: 'nodeName' }),
    PV: '#storage.v1.VolumeAttachmentSource.persistentVolumeName',
    Attached: '#storage.v1.VolumeAttachmentStatus.attached',
  },
  CSINode: { Drivers: 'Drivers indicates the number of CSI drivers registered on the node' },
  CSIDriver: fieldsOf('storage.v1.CSIDriverSpec', {
    AttachRequired: 'attachRequired',
    PodInfoOnMount: 'podInfoOnMount',
    StorageCapacity: 'storageCapacity',
    TokenRequests: 'tokenRequests',
    RequiresRepublish: 'requiresRepublish',
    Modes: 'volumeLifecycleModes',
  }),
  CSIStorageCapacity: fieldsOf('storage.v1.CSIStorageCapacity', {
    StorageClassName: 'storageClassName',
    Capacity: 'capacity',
  }),
}

const bound = (kind: string): Columns => ({
  Role: `#rbac.v1.${kind.charAt(0).toUpperCase()}${kind.slice(1)}.roleRef`,
  Users: `Users in the ${kind}`,
  Groups: `Groups in the ${kind}`,
  ServiceAccounts: `ServiceAccounts in the ${kind}`,
})

const WEBHOOKS: Columns = {
  Webhooks: 'Webhooks indicates the number of webhooks registered in this configuration',
}

const access: Readonly<Record<string, Columns>> = {
  RoleBinding: bound('roleBinding'),
  ClusterRoleBinding: bound('clusterRoleBinding'),
  CertificateSigningRequest: {
    ...fieldsOf('certificates.v1.CertificateSigningRequestSpec', {
      SignerName: 'signerName',
      Requestor: 'request',
      RequestedDuration: 'expirationSeconds',
    }),
    Condition: '#certificates.v1.CertificateSigningRequestStatus.conditions',
  },
  MutatingWebhookConfiguration: WEBHOOKS,
  ValidatingWebhookConfiguration: WEBHOOKS,
  ValidatingAdmissionPolicy: {
    Validations: 'Validations indicates the number of validation rules defined in this configuration',
    ParamKind: 'ParamKind specifies the kind of resources used to parameterize this policy',
  },
  ValidatingAdmissionPolicyBinding: {
    PolicyName: 'PolicyName indicates the policy definition which the policy binding binded to',
    ParamRef: 'ParamRef indicates the param resource which sets the configration param',
  },
  FlowSchema: {
    PriorityLevel: '#flowcontrol.v1.PriorityLevelConfigurationReference.name',
    ...fieldsOf('flowcontrol.v1.FlowSchemaSpec', {
      MatchingPrecedence: 'matchingPrecedence',
      DistinguisherMethod: 'distinguisherMethod',
    }),
    MissingPL: 'references a broken or non-existent PriorityLevelConfiguration',
  },
  PriorityLevelConfiguration: {
    Type: '#flowcontrol.v1.PriorityLevelConfigurationSpec.type',
    NominalConcurrencyShares: '#flowcontrol.v1.LimitedPriorityLevelConfiguration.nominalConcurrencyShares',
    ...fieldsOf('flowcontrol.v1.QueuingConfiguration', {
      Queues: 'queues',
      HandSize: 'handSize',
      QueueLengthLimit: 'queueLengthLimit',
    }),
  },
}

/** Columns by kind. Those that upstream says nothing of are left out. */
export const COLUMN_TEXTS: Readonly<Record<string, Columns>> = {
  ...workloads,
  ...cluster,
  ...network,
  ...storage,
  ...access,
}
