/**
 * What the values of enumerated types mean, by Go type name, for descriptions in OpenAPI. Values that say it themselves have
 * no text.
 */
export const ENUM_TEXTS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'v1.MatchPolicyType': {
    Equivalent: 'means that requests for the same resource by another group or version are sent too.',
    Exact: 'means that only requests which a rule names literally are sent.',
  },
  'v1.FailurePolicyType': {
    Fail: 'means that admission fails when the call does.',
    Ignore: 'means that a call which fails counts for nothing.',
  },
  'v1.SideEffectClass': {
    None: 'means that calling the webhook changes nothing elsewhere.',
    NoneOnDryRun: 'means that calls may have side effects, which the webhook holds back for dry runs.',
    Some: 'means that calls may have side effects: dry runs that would make one are refused.',
    Unknown: 'means that nothing is known of side effects: dry runs that would make a call are refused.',
  },
  'v1.DaemonSetUpdateStrategyType': {
    OnDelete: 'replaces a Pod once somebody deleted it.',
    RollingUpdate: 'replaces the Pods node by node.',
  },
  'v1.DeploymentStrategyType': {
    Recreate: 'ends all Pods that exist before it creates new ones.',
    RollingUpdate: 'scales the old ReplicaSets down step by step while the new one is scaled up.',
  },
  'v1.PodManagementPolicyType': {
    OrderedReady:
      'creates and deletes Pods one at a time in their order, each once the one before is ready or gone.',
    Parallel: 'creates and deletes Pods all at once, without waiting for any.',
  },
  'v1.StatefulSetUpdateStrategyType': {
    OnDelete: 'gives a Pod the new template once somebody deleted it; no order is kept.',
    RollingUpdate:
      'replaces all Pods in the order of the StatefulSet; those created by scaling are of the update revision.',
  },
  'v1.ConcurrencyPolicy': {
    Allow: 'lets Jobs of the CronJob run at the same time.',
    Forbid: 'skips a run while the one before has not finished.',
    Replace: 'ends the Job that runs and starts a new one in its place.',
  },
  'v1.CompletionMode': {
    Indexed:
      'gives each Pod an index from 0 to .spec.completions - 1; the Job is complete when a Pod succeeded for every index.',
    NonIndexed: 'completes the Job when .spec.completions Pods succeeded; all of them are alike.',
  },
  'v1.PodReplacementPolicy': {
    Failed: 'waits for a Pod to be over (phase Failed or Succeeded) before it is replaced.',
    TerminatingOrFailed: 'replaces a Pod as soon as it is being deleted or has failed.',
  },
  'v1.PodFailurePolicyAction': {
    Count: 'counts the failure towards .backoffLimit, as without a policy.',
    FailIndex: 'fails the index of the Pod at once; needs backoffLimitPerIndex.',
    FailJob: 'fails the Job and ends all Pods that still run.',
    Ignore: 'replaces the Pod without counting its failure towards .backoffLimit.',
  },
  'v1.AppArmorProfileType': {
    Localhost: 'takes a profile that was loaded on the node before.',
    RuntimeDefault: 'takes the default profile of the container runtime.',
    Unconfined: 'takes no profile.',
  },
  'v1.TerminationMessagePolicy': {
    FallbackToLogsOnError:
      'takes the end of the logs when the container failed and its terminationMessagePath is empty.',
    File: 'takes what is in terminationMessagePath when the container ends; this is the default.',
  },
  'v1.PullPolicy': {
    Always: 'means that the image is pulled each time; the container fails when that fails.',
    IfNotPresent: 'means that the image is pulled when the node does not have it.',
    Never: 'means that only an image which the node has is taken.',
  },
  'v1.Protocol': {
    SCTP: 'is SCTP.',
    TCP: 'is TCP.',
    UDP: 'is UDP.',
  },
  'v1.URIScheme': {
    HTTP: 'is http://',
    HTTPS: 'is https://',
  },
  'v1.HostPathType': {
    '': 'checks nothing; this is the default.',
    BlockDevice: 'There must be a block device at the path.',
    CharDevice: 'There must be a character device at the path.',
    Directory: 'There must be a directory at the path.',
    DirectoryOrCreate: 'Where nothing is at the path, an empty directory of mode 0755 is made.',
    File: 'There must be a file at the path.',
    FileOrCreate: 'Where nothing is at the path, an empty file of mode 0644 is made.',
    Socket: 'There must be a UNIX socket at the path.',
  },
  'v1.PersistentVolumeClaimModifyVolumeStatus': {
    InProgress: 'means that the volume is being modified.',
    Infeasible:
      'means that the CSI driver refused the request as invalid: another VolumeAttributesClass must be named.',
    Pending: 'means that something is missing for the modification, such as the VolumeAttributesClass.',
  },
  'v1.NamespacePhase': {
    Active: 'means that the namespace can be used.',
    Terminating: 'means that the namespace is being deleted with all that is in it.',
  },
  'v1.NodePhase': {
    Pending: 'means that the node is known, and not configured.',
    Running: 'means that the node is configured and runs the components of Kubernetes.',
    Terminated: 'means that the node left the cluster.',
  },
  'v1.PersistentVolumeMode': {
    Block: 'means that the volume is a raw block device without a filesystem.',
    Filesystem: 'means that the volume has a filesystem, or is given one.',
  },
  'v1.PersistentVolumeClaimPhase': {
    Bound: 'is a claim that has its volume.',
    Lost: 'is a claim whose volume is gone, with all data on it.',
    Pending: 'is a claim that has no volume yet.',
  },
  'v1.PersistentVolumeReclaimPolicy': {
    Delete: 'means that the volume is deleted when its claim releases it; the plugin must be able to.',
    Recycle:
      'means that the volume is emptied for other claims when its claim releases it; the plugin must be able to.',
    Retain:
      'means that the volume stays Released until an administrator takes care of it; this is the default.',
  },
  'v1.PersistentVolumePhase': {
    Available: 'is a volume that no claim has: the binder may give it to one.',
    Bound: 'is a volume that a claim has.',
    Failed: 'is a volume that could not be recycled or deleted after its claim released it.',
    Pending: 'is a volume that is not available.',
    Released:
      'is a volume whose claim was deleted, and that must be recycled before another claim can have it.',
  },
  'v1.SupplementalGroupsPolicy': {
    Merge: 'adds the groups given here to those that the image has for the primary user in /etc/group.',
    Strict: 'takes the groups given here alone.',
  },
  'v1.PodFSGroupChangePolicy': {
    Always: 'changes owner and permissions each time the volume is mounted; this is the default.',
    OnRootMismatch:
      'changes owner and permissions only when those of the root directory are not as wanted, which saves time.',
  },
  'v1.DNSPolicy': {
    ClusterFirst:
      'asks the DNS of the cluster, unless the Pod is on the network of its host; else as Default.',
    ClusterFirstWithHostNet: 'asks the DNS of the cluster, on the network of the host too; else as Default.',
    Default: 'takes the settings that the kubelet has.',
    None: 'begins with empty settings, which dnsConfig is to fill.',
  },
  'v1.PreemptionPolicy': {
    Never: 'means that the Pod makes no room for itself.',
    PreemptLowerPriority: 'means that Pods of lower priority may have to go for the Pod.',
  },
  'v1.PodPhase': {
    Failed:
      'means that all containers have ended and at least one of them failed: by its exit code, or ended by the system.',
    Pending:
      'means that the Pod was accepted and not all of its containers have started: it waits for a node, or for images.',
    Running:
      'means that the Pod is on a node and all containers were started; at least one runs or is being restarted.',
    Succeeded: 'means that all containers ended with exit code 0 and none is started again.',
    Unknown: 'means that the state of the Pod could not be found out. Deprecated: it is no longer set.',
  },
  'v1.PodQOSClass': {
    BestEffort: 'is the class of Pods without requests and limits.',
    Burstable: 'is the class of Pods with some requests or limits.',
    Guaranteed: 'is the class of Pods whose requests are their limits.',
  },
  'v1.ResourceQuotaScope': {
    BestEffort: 'matches Pods of the class BestEffort.',
    CrossNamespacePodAffinity: 'matches Pods whose affinity or anti-affinity reaches into other namespaces.',
    NotBestEffort: 'matches Pods of the other classes than BestEffort.',
    NotTerminating: 'matches Pods without spec.activeDeadlineSeconds.',
    PriorityClass: 'matches Pods that name a priority class.',
    Terminating: 'matches Pods with spec.activeDeadlineSeconds of 0 or more.',
    VolumeAttributesClass: 'matches claims that name a volume attributes class.',
  },
  'v1.SeccompProfileType': {
    Localhost: 'takes a profile out of a file on the node, below <kubelet-root-dir>/seccomp.',
    RuntimeDefault: 'takes the default profile of the container runtime.',
    Unconfined: 'takes no profile.',
  },
  'v1.ProcMountType': {
    Default: 'masks and protects those paths of /proc that the container runtime does by default.',
    Unmasked: 'leaves the /proc of the container as it is.',
  },
  'v1.ServiceType': {
    ClusterIP: 'means that the Service is reached inside the cluster alone, by its cluster IP.',
    ExternalName: 'means that the Service is a CNAME record of a name outside, with no Pods and no proxying.',
    LoadBalancer: 'means that a load balancer outside leads to the Service, in addition to NodePort.',
    NodePort: 'means that the Service is reached on a port of every node, in addition to ClusterIP.',
  },
  'v1.ServiceAffinity': {
    ClientIP: 'sends a client to the same endpoint, by its address.',
    None: 'sends each connection anywhere.',
  },
  'v1.ServiceExternalTrafficPolicy': {
    Cluster: 'sends traffic to all endpoints.',
    Local:
      'keeps the address of the client by sending traffic to endpoints on the node where it came in alone.',
  },
  'v1.IPFamilyPolicy': {
    PreferDualStack:
      'means that the Service gets both families where the cluster has both, else the one there is.',
    RequireDualStack: 'means that the Service gets both families, and is refused where the cluster has one.',
    SingleStack: 'means that the Service gets one family: the first of ipFamilies, or that of the cluster.',
  },
  'v1.ServiceInternalTrafficPolicy': {
    Cluster: 'sends traffic to all endpoints.',
    Local: 'sends traffic to endpoints on the node of the client alone, and drops it where there are none.',
  },
  'v1.TaintEffect': {
    NoExecute: 'ends Pods that run on the node and do not tolerate the taint.',
    NoSchedule: 'keeps new Pods off the node that do not tolerate the taint. Pods that run there stay.',
    PreferNoSchedule: 'has new Pods that do not tolerate the taint sent elsewhere where that is possible.',
  },
  'v1.UnsatisfiableConstraintAction': {
    DoNotSchedule: 'leaves the Pod unscheduled while the constraint is not met.',
    ScheduleAnyway: 'schedules the Pod though the constraint is not met.',
  },
  'v1.NodeInclusionPolicy': {
    Honor: 'means that it counts for which nodes are looked at.',
    Ignore: 'means that it does not count for which nodes are looked at.',
  },
  'v1.MountPropagationMode': {
    Bidirectional:
      'shows mounts of the host in the container, and those of the container on the host ("rshared" in Linux).',
    HostToContainer:
      'shows later mounts of the host in the container, and none the other way ("rslave" in Linux).',
    None: 'shows later mounts on neither side ("private" in Linux).',
  },
  'v1.AddressType': {
    FQDN: 'is a fully qualified domain name.',
    IPv4: 'is an IPv4 address.',
    IPv6: 'is an IPv6 address.',
  },
  'v1.PathType': {
    Exact: 'matches the path to the letter.',
    ImplementationSpecific: 'matches as the IngressClass sees fit.',
    Prefix:
      "matches by the elements that the path is split into at each '/', letter case included: /foo matches /foo, /foo/ and /foo/bar, and not /foobar. The longest path that matches wins.",
  },
  'v1.UnhealthyPodEvictionPolicyType': {
    AlwaysAllow: 'lets Pods that run and are not ready be evicted whatever the budget says.',
    IfHealthyBudget:
      'lets Pods that run and are not ready be evicted only while as many are healthy as the budget wants.',
  },
  'v1.DeviceTaintEffect': {
    NoExecute: 'ends Pods that use the device and do not tolerate the taint.',
    NoSchedule:
      'keeps Pods that do not tolerate the taint from being scheduled with the device. Pods that run stay.',
  },
  'v1.VolumeBindingMode': {
    Immediate: 'provisions and binds a claim at once; this is the default.',
    WaitForFirstConsumer: 'provisions and binds a claim when the first Pod that uses it is scheduled.',
  },
  'v1.FieldValueErrorReason': {
    FieldValueDuplicate: 'is for values that must be unique and are not.',
    FieldValueForbidden: 'is for values that are well formed and not allowed as things are.',
    FieldValueInvalid: 'is for values that are malformed, too long or out of bounds.',
    FieldValueRequired: 'is for values that must be given and are not.',
  },
}
