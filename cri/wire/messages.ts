/**
 * The messages of CRI v1 that we speak, as a table: `name:number:type`, with `*` before the type of a repeated field and
 * `{V}` for a map from string to V. Numbers and types are those of `runtime.v1` in k8s.io/cri-api; fields we never use
 * are left out, which protobuf allows.
 */
export const MESSAGES: Record<string, string> = {
  VersionRequest: 'version:1:string',
  VersionResponse: 'version:1:string runtimeName:2:string runtimeVersion:3:string runtimeApiVersion:4:string',
  DNSConfig: 'servers:1:*string searches:2:*string options:3:*string',
  PortMapping: 'protocol:1:Protocol containerPort:2:int32 hostPort:3:int32 hostIp:4:string',
  Mount:
    'containerPath:1:string hostPath:2:string readonly:3:bool selinuxRelabel:4:bool propagation:5:MountPropagation',
  NamespaceOption: 'network:1:NamespaceMode pid:2:NamespaceMode ipc:3:NamespaceMode targetId:4:string',
  Int64Value: 'value:1:int64',
  UInt64Value: 'value:1:uint64',
  SecurityProfile: 'profileType:1:ProfileType localhostRef:2:string',
  LinuxSandboxSecurityContext:
    'namespaceOptions:1:NamespaceOption runAsUser:3:Int64Value readonlyRootfs:4:bool supplementalGroups:5:*int64 privileged:6:bool runAsGroup:8:Int64Value seccomp:9:SecurityProfile apparmor:10:SecurityProfile',
  LinuxPodSandboxConfig:
    'cgroupParent:1:string securityContext:2:LinuxSandboxSecurityContext sysctls:3:{string}',
  PodSandboxMetadata: 'name:1:string uid:2:string namespace:3:string attempt:4:uint32',
  PodSandboxConfig:
    'metadata:1:PodSandboxMetadata hostname:2:string logDirectory:3:string dnsConfig:4:DNSConfig portMappings:5:*PortMapping labels:6:{string} annotations:7:{string} linux:8:LinuxPodSandboxConfig',
  RunPodSandboxRequest: 'config:1:PodSandboxConfig runtimeHandler:2:string',
  RunPodSandboxResponse: 'podSandboxId:1:string',
  StopPodSandboxRequest: 'podSandboxId:1:string',
  StopPodSandboxResponse: '',
  RemovePodSandboxRequest: 'podSandboxId:1:string',
  RemovePodSandboxResponse: '',
  PodSandboxStatusRequest: 'podSandboxId:1:string verbose:2:bool',
  PodIP: 'ip:1:string',
  PodSandboxNetworkStatus: 'ip:1:string additionalIps:2:*PodIP',
  PodSandboxStatus:
    'id:1:string metadata:2:PodSandboxMetadata state:3:PodSandboxState createdAt:4:int64 network:5:PodSandboxNetworkStatus labels:7:{string} annotations:8:{string} runtimeHandler:9:string',
  PodSandboxStatusResponse: 'status:1:PodSandboxStatus',
  PodSandboxFilter: 'id:1:string labelSelector:3:{string}',
  ListPodSandboxRequest: 'filter:1:PodSandboxFilter',
  PodSandbox:
    'id:1:string metadata:2:PodSandboxMetadata state:3:PodSandboxState createdAt:4:int64 labels:5:{string} annotations:6:{string} runtimeHandler:7:string',
  ListPodSandboxResponse: 'items:1:*PodSandbox',
  ImageSpec: 'image:1:string annotations:2:{string}',
  KeyValue: 'key:1:string value:2:string',
  LinuxContainerResources:
    'cpuPeriod:1:int64 cpuQuota:2:int64 cpuShares:3:int64 memoryLimitInBytes:4:int64 oomScoreAdj:5:int64 cpusetCpus:6:string cpusetMems:7:string unified:9:{string}',
  Capability: 'addCapabilities:1:*string dropCapabilities:2:*string addAmbientCapabilities:3:*string',
  LinuxContainerSecurityContext:
    'capabilities:1:Capability privileged:2:bool namespaceOptions:3:NamespaceOption runAsUser:5:Int64Value runAsUsername:6:string readonlyRootfs:7:bool supplementalGroups:8:*int64 noNewPrivs:11:bool runAsGroup:12:Int64Value maskedPaths:13:*string readonlyPaths:14:*string seccomp:15:SecurityProfile apparmor:16:SecurityProfile',
  LinuxContainerConfig: 'resources:1:LinuxContainerResources securityContext:2:LinuxContainerSecurityContext',
  ContainerMetadata: 'name:1:string attempt:2:uint32',
  Device: 'containerPath:1:string hostPath:2:string permissions:3:string',
  ContainerConfig:
    'metadata:1:ContainerMetadata image:2:ImageSpec command:3:*string args:4:*string workingDir:5:string envs:6:*KeyValue mounts:7:*Mount devices:8:*Device labels:9:{string} annotations:10:{string} logPath:11:string stdin:12:bool stdinOnce:13:bool tty:14:bool linux:15:LinuxContainerConfig',
  CreateContainerRequest: 'podSandboxId:1:string config:2:ContainerConfig sandboxConfig:3:PodSandboxConfig',
  CreateContainerResponse: 'containerId:1:string',
  StartContainerRequest: 'containerId:1:string',
  StartContainerResponse: '',
  StopContainerRequest: 'containerId:1:string timeout:2:int64',
  StopContainerResponse: '',
  RemoveContainerRequest: 'containerId:1:string',
  RemoveContainerResponse: '',
  ContainerFilter: 'id:1:string podSandboxId:3:string labelSelector:4:{string}',
  ListContainersRequest: 'filter:1:ContainerFilter',
  Container:
    'id:1:string podSandboxId:2:string metadata:3:ContainerMetadata image:4:ImageSpec imageRef:5:string state:6:ContainerState createdAt:7:int64 labels:8:{string} annotations:9:{string}',
  ListContainersResponse: 'containers:1:*Container',
  ContainerStatusRequest: 'containerId:1:string verbose:2:bool',
  ContainerStatus:
    'id:1:string metadata:2:ContainerMetadata state:3:ContainerState createdAt:4:int64 startedAt:5:int64 finishedAt:6:int64 exitCode:7:int32 image:8:ImageSpec imageRef:9:string reason:10:string message:11:string labels:12:{string} annotations:13:{string} mounts:14:*Mount logPath:15:string',
  ContainerStatusResponse: 'status:1:ContainerStatus',
  UpdateContainerResourcesRequest: 'containerId:1:string linux:2:LinuxContainerResources',
  UpdateContainerResourcesResponse: '',
  ReopenContainerLogRequest: 'containerId:1:string',
  ReopenContainerLogResponse: '',
  ExecSyncRequest: 'containerId:1:string cmd:2:*string timeout:3:int64',
  ExecSyncResponse: 'stdout:1:bytes stderr:2:bytes exitCode:3:int32',
  ExecRequest: 'containerId:1:string cmd:2:*string tty:3:bool stdin:4:bool stdout:5:bool stderr:6:bool',
  ExecResponse: 'url:1:string',
  AttachRequest: 'containerId:1:string stdin:2:bool tty:3:bool stdout:4:bool stderr:5:bool',
  AttachResponse: 'url:1:string',
  PortForwardRequest: 'podSandboxId:1:string port:2:*int32',
  PortForwardResponse: 'url:1:string',
  RuntimeCondition: 'type:1:string status:2:bool reason:3:string message:4:string',
  RuntimeStatus: 'conditions:1:*RuntimeCondition',
  StatusRequest: 'verbose:1:bool',
  StatusResponse: 'status:1:RuntimeStatus info:2:{string}',
  ImageFilter: 'image:1:ImageSpec',
  Image:
    'id:1:string repoTags:2:*string repoDigests:3:*string size:4:uint64 uid:5:Int64Value username:6:string spec:7:ImageSpec pinned:8:bool',
  ListImagesRequest: 'filter:1:ImageFilter',
  ListImagesResponse: 'images:1:*Image',
  ImageStatusRequest: 'image:1:ImageSpec verbose:2:bool',
  ImageStatusResponse: 'image:1:Image',
  AuthConfig:
    'username:1:string password:2:string auth:3:string serverAddress:4:string identityToken:5:string registryToken:6:string',
  PullImageRequest: 'image:1:ImageSpec auth:2:AuthConfig sandboxConfig:3:PodSandboxConfig',
  PullImageResponse: 'imageRef:1:string',
  RemoveImageRequest: 'image:1:ImageSpec',
  RemoveImageResponse: '',
  ImageFsInfoRequest: '',
  FilesystemIdentifier: 'mountpoint:1:string',
  FilesystemUsage:
    'timestamp:1:int64 fsId:2:FilesystemIdentifier usedBytes:3:UInt64Value inodesUsed:4:UInt64Value',
  ImageFsInfoResponse: 'imageFilesystems:1:*FilesystemUsage',
  ContainerStatsFilter: 'id:1:string podSandboxId:2:string labelSelector:3:{string}',
  ListContainerStatsRequest: 'filter:1:ContainerStatsFilter',
  ContainerAttributes: 'id:1:string metadata:2:ContainerMetadata labels:3:{string} annotations:4:{string}',
  CpuUsage: 'timestamp:1:int64 usageCoreNanoSeconds:2:UInt64Value usageNanoCores:3:UInt64Value',
  MemoryUsage:
    'timestamp:1:int64 workingSetBytes:2:UInt64Value availableBytes:3:UInt64Value usageBytes:4:UInt64Value rssBytes:5:UInt64Value',
  ContainerStats:
    'attributes:1:ContainerAttributes cpu:2:CpuUsage memory:3:MemoryUsage writableLayer:4:FilesystemUsage',
  ListContainerStatsResponse: 'stats:1:*ContainerStats',
  PodSandboxStatsFilter: 'id:1:string labelSelector:2:{string}',
  ListPodSandboxStatsRequest: 'filter:1:PodSandboxStatsFilter',
  PodSandboxAttributes: 'id:1:string metadata:2:PodSandboxMetadata labels:3:{string} annotations:4:{string}',
  NetworkInterfaceUsage:
    'name:1:string rxBytes:2:UInt64Value rxErrors:3:UInt64Value txBytes:4:UInt64Value txErrors:5:UInt64Value',
  NetworkUsage:
    'timestamp:1:int64 defaultInterface:2:NetworkInterfaceUsage interfaces:3:*NetworkInterfaceUsage',
  ProcessUsage: 'timestamp:1:int64 processCount:2:UInt64Value',
  LinuxPodSandboxStats:
    'cpu:1:CpuUsage memory:2:MemoryUsage network:3:NetworkUsage process:4:ProcessUsage containers:5:*ContainerStats',
  PodSandboxStats: 'attributes:1:PodSandboxAttributes linux:2:LinuxPodSandboxStats',
  ListPodSandboxStatsResponse: 'stats:1:*PodSandboxStats',
  GetEventsRequest: '',
  ContainerEventResponse: 'containerId:1:string containerEventType:2:ContainerEventType createdAt:3:int64',

  // containerd's own event service (containerd.services.events.v1): CRI of containerd 1.6 has no events.
  SubscribeRequest: 'filters:1:*string',
  Any: 'typeUrl:1:string value:2:bytes',
  Envelope: 'namespace:2:string topic:3:string event:4:Any',
  TaskStart: 'containerId:1:string',
  TaskExit: 'containerId:1:string id:2:string',
  TaskOOM: 'containerId:1:string',
  TaskDelete: 'containerId:1:string id:5:string',
}

/** Enums by name, values from 0. */
export const ENUMS: Record<string, string> = {
  Protocol: 'TCP UDP SCTP',
  MountPropagation: 'PROPAGATION_PRIVATE PROPAGATION_HOST_TO_CONTAINER PROPAGATION_BIDIRECTIONAL',
  NamespaceMode: 'POD CONTAINER NODE TARGET',
  ProfileType: 'RuntimeDefault Unconfined Localhost',
  PodSandboxState: 'SANDBOX_READY SANDBOX_NOTREADY',
  ContainerState: 'CONTAINER_CREATED CONTAINER_RUNNING CONTAINER_EXITED CONTAINER_UNKNOWN',
  ContainerEventType:
    'CONTAINER_CREATED_EVENT CONTAINER_STARTED_EVENT CONTAINER_STOPPED_EVENT CONTAINER_DELETED_EVENT',
}
