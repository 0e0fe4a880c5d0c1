/**
 * The seam to container runtimes: CRI v1 (k8s.io/cri-api) as async methods on plain objects. Names are CRI's in camel
 * case; 64-bit times are nanoseconds since the epoch as numbers (exact to about 0.3 µs, enough for a status); absent
 * fields have protobuf's defaults.
 *
 * What holds for every method:
 * - it may be called at any time and concurrently for different objects; the kubelet never calls two methods for the
 *   same container at once, `stop…` and `remove…` excepted;
 * - stop and remove succeed when there is nothing left to do, for they are repeated after any crash;
 * - to fail, throw an Error whose message a user can read: it becomes the message of an event. A `code` of 5
 *   (`NOT_FOUND`) says that the named object is not there.
 */

export interface RuntimeVersion {
  runtimeName: string
  runtimeVersion: string
  runtimeApiVersion: string
}

export type NamespaceMode = 'POD' | 'CONTAINER' | 'NODE' | 'TARGET'

export interface NamespaceOption {
  network?: NamespaceMode
  pid?: NamespaceMode
  ipc?: NamespaceMode
  targetId?: string
}

export interface SecurityProfile {
  profileType: 'RuntimeDefault' | 'Unconfined' | 'Localhost'
  localhostRef?: string
}

export interface SandboxMetadata {
  name: string
  uid: string
  namespace: string
  attempt: number
}

/** A sandbox to be made. `labels` come back in lists; they are how a restarted agent finds what is its own. */
export interface PodSandboxConfig {
  metadata: SandboxMetadata
  /** `''` for the host's. */
  hostname: string
  /** The folder of the containers' logs; it is there. */
  logDirectory: string
  dnsConfig?: { servers: string[]; searches: string[]; options: string[] }
  portMappings: {
    protocol: 'TCP' | 'UDP' | 'SCTP'
    containerPort: number
    hostPort: number
    hostIp?: string
  }[]
  labels: Record<string, string>
  annotations: Record<string, string>
  linux: {
    /** Where containers' cgroups are made, as a path below the hierarchy's root; it is there. */
    cgroupParent?: string
    sysctls?: Record<string, string>
    securityContext: {
      namespaceOptions: NamespaceOption
      runAsUser?: { value: number }
      runAsGroup?: { value: number }
      supplementalGroups?: number[]
      privileged?: boolean
      seccomp?: SecurityProfile
    }
  }
}

/** cgroup values: microseconds, v1 shares, bytes. */
export interface LinuxContainerResources {
  cpuPeriod?: number
  cpuQuota?: number
  cpuShares?: number
  memoryLimitInBytes?: number
  oomScoreAdj?: number
}

export interface Mount {
  containerPath: string
  hostPath: string
  readonly?: boolean
  propagation?: 'PROPAGATION_PRIVATE' | 'PROPAGATION_HOST_TO_CONTAINER' | 'PROPAGATION_BIDIRECTIONAL'
}

/** A container to be made. */
export interface ContainerConfig {
  metadata: { name: string; attempt: number }
  image: ImageSpec
  command: string[]
  args: string[]
  workingDir?: string
  envs: { key: string; value: string }[]
  mounts: Mount[]
  devices?: { containerPath: string; hostPath: string; permissions: string }[]
  labels: Record<string, string>
  annotations: Record<string, string>
  /** Relative to the sandbox's `logDirectory`; lines are `RFC3339NANO STREAM F|P TEXT` (P: the line goes on). */
  logPath: string
  stdin?: boolean
  stdinOnce?: boolean
  tty?: boolean
  linux: {
    resources: LinuxContainerResources
    securityContext: {
      capabilities?: { addCapabilities?: string[]; dropCapabilities?: string[] }
      privileged?: boolean
      namespaceOptions: NamespaceOption
      runAsUser?: { value: number }
      runAsGroup?: { value: number }
      runAsUsername?: string
      readonlyRootfs?: boolean
      supplementalGroups?: number[]
      noNewPrivs?: boolean
      maskedPaths?: string[]
      readonlyPaths?: string[]
      seccomp?: SecurityProfile
    }
  }
}

export interface ImageSpec {
  image: string
  annotations?: Record<string, string>
}

export interface PodSandbox {
  id: string
  metadata: SandboxMetadata
  state: 'SANDBOX_READY' | 'SANDBOX_NOTREADY'
  createdAt: number
  labels: Record<string, string>
  annotations: Record<string, string>
  runtimeHandler?: string
}

export interface PodSandboxStatus extends PodSandbox {
  network?: { ip: string; additionalIps: { ip: string }[] }
}

export type ContainerState =
  | 'CONTAINER_CREATED'
  | 'CONTAINER_RUNNING'
  | 'CONTAINER_EXITED'
  | 'CONTAINER_UNKNOWN'

export interface RuntimeContainer {
  id: string
  podSandboxId: string
  metadata: { name: string; attempt: number }
  image: ImageSpec
  imageRef: string
  state: ContainerState
  createdAt: number
  labels: Record<string, string>
  annotations: Record<string, string>
}

/** Times are 0 for what has not happened. `reason` is `Completed`, `Error`, `OOMKilled`, `StartError` … once it has ended. */
export interface RuntimeContainerStatus {
  id: string
  metadata: { name: string; attempt: number }
  state: ContainerState
  createdAt: number
  startedAt: number
  finishedAt: number
  exitCode: number
  image: ImageSpec
  imageRef: string
  reason: string
  message: string
  labels: Record<string, string>
  annotations: Record<string, string>
  logPath: string
}

/** `uid` or `username` is the user the image wants to run as; `size` is in bytes. */
export interface RuntimeImage {
  id: string
  repoTags: string[]
  repoDigests: string[]
  size: number
  uid?: { value: number }
  username: string
  pinned?: boolean
}

export interface AuthConfig {
  username?: string
  password?: string
  auth?: string
  serverAddress?: string
  identityToken?: string
  registryToken?: string
}

/** `RuntimeReady` and `NetworkReady` are the two conditions a kubelet asks for. */
export interface RuntimeCondition {
  type: string
  status: boolean
  reason: string
  message: string
}

/** Tells that something happened to a container or sandbox; the kubelet then looks for itself. */
export interface RuntimeEvent {
  type: 'started' | 'exited' | 'oom' | 'deleted'
  /** Container or sandbox. */
  id: string
}

/** Counters of a container since its start. Values that are not measured are absent. */
export interface ContainerStats {
  attributes: { id: string; metadata: { name: string; attempt: number }; labels: Record<string, string> }
  cpu?: { timestamp: number; usageCoreNanoSeconds?: { value: number } }
  memory?: {
    timestamp: number
    workingSetBytes?: { value: number }
    usageBytes?: { value: number }
    rssBytes?: { value: number }
  }
  writableLayer?: { timestamp: number; usedBytes?: { value: number }; inodesUsed?: { value: number } }
}

/** What a sandbox and its containers use together. */
export interface PodSandboxStats {
  attributes: { id: string; metadata: SandboxMetadata; labels: Record<string, string> }
  linux?: {
    cpu?: ContainerStats['cpu']
    memory?: ContainerStats['memory']
    network?: {
      timestamp: number
      defaultInterface?: NetworkInterfaceUsage
      interfaces: NetworkInterfaceUsage[]
    }
    process?: { timestamp: number; processCount?: { value: number } }
    containers: ContainerStats[]
  }
}

export interface NetworkInterfaceUsage {
  name: string
  rxBytes?: { value: number }
  rxErrors?: { value: number }
  txBytes?: { value: number }
  txErrors?: { value: number }
}

/**
 * A container runtime. The members before {@link RuntimePlugin.execSync} are required; each of the others is found by its
 * presence, and what is missing is not offered to users (exec, port-forward) or done another way (events are replaced by
 * looking every second).
 */
export interface RuntimePlugin {
  readonly name?: string

  /** Name and version, as in `kubectl get nodes -o wide`. Asked when the agent starts and after each loss of the runtime. */
  version(): Promise<RuntimeVersion>
  /**
   * How the runtime is. Asked every few seconds, so answer at once. A condition that is false makes the node NotReady with
   * its reason and message: `NetworkReady` until the network's configuration is there.
   */
  status(): Promise<{ conditions: RuntimeCondition[] }>

  /**
   * Makes a Pod's namespaces, cgroup and network and resolves with the sandbox's id when containers can be started in it.
   * Called once for each `metadata` (namespace, name, uid, attempt). Take back all that was made, the network above all,
   * before rejecting; what could not be taken back must stay in {@link listPodSandbox} as SANDBOX_NOTREADY, so that it is
   * stopped and removed later. `runtimeHandler` is the RuntimeClass's, `''` for the default.
   */
  runPodSandbox(config: PodSandboxConfig, runtimeHandler: string): Promise<string>
  /** Kills what still runs in a sandbox and gives its network back. Called again after any crash, and before each remove. */
  stopPodSandbox(id: string): Promise<void>
  /** Forgets a sandbox and all its containers; kills what still runs. */
  removePodSandbox(id: string): Promise<void>
  /** State and addresses. `network` is left out for Pods of the host's network. Rejects with code 5 when it is not there. */
  podSandboxStatus(id: string): Promise<PodSandboxStatus>
  /** All sandboxes, or those with this id and all of these labels; in any order. Asked often: answer from memory. */
  listPodSandbox(filter?: { id?: string; labelSelector?: Record<string, string> }): Promise<PodSandbox[]>

  /**
   * Makes a container and resolves with its id; it is started later, or removed if the Pod goes before. The image is there:
   * {@link imageStatus} or {@link pullImage} said so. `sandbox` is what the sandbox was made with.
   */
  createContainer(sandboxId: string, config: ContainerConfig, sandbox: PodSandboxConfig): Promise<string>
  /** Starts a container; called once. When its process cannot be started the message says why, and the container has exited. */
  startContainer(id: string): Promise<void>
  /**
   * Asks the process to end (the image's stop signal, else SIGTERM) and kills it after `timeout` seconds; 0 kills at once.
   * Resolves when it has ended. May be called again with less time while a first call waits: both then resolve.
   */
  stopContainer(id: string, timeout: number): Promise<void>
  /** Removes a container with its writable layer; kills it if it runs. Its log file is the kubelet's to remove. */
  removeContainer(id: string): Promise<void>
  /** All there is to know of a container. Rejects with code 5 when it is not there. */
  containerStatus(id: string): Promise<RuntimeContainerStatus>
  /** All containers in any state, or those all parts of the filter hold for; in any order. Answer from memory. */
  listContainers(filter?: {
    id?: string
    podSandboxId?: string
    labelSelector?: Record<string, string>
  }): Promise<RuntimeContainer[]>

  /** An image by reference or id; undefined when it is not there. Asked before each start of a container. */
  imageStatus(image: string): Promise<RuntimeImage | undefined>
  /**
   * Pulls and resolves with a reference that names exactly what was pulled. Never called twice at once for one image. The
   * message it rejects with is shown to the user as it is. Aborted when nobody wants the image any more.
   */
  pullImage(image: string, auth?: AuthConfig, signal?: AbortSignal): Promise<string>
  /** All images. Asked every few minutes, for the Node's status and to find what to remove. */
  listImages(): Promise<RuntimeImage[]>
  /** Removes an image under all its names. Asked for when the disk runs full. */
  removeImage(image: string): Promise<void>

  /**
   * Runs a command in a running container and resolves with its output and exit code, whatever that is. Killed after
   * `timeout` seconds (0: never), and then rejects. For probes and hooks: several may run at once.
   */
  execSync?(
    id: string,
    command: string[],
    timeout: number,
  ): Promise<{ stdout: Buffer; stderr: Buffer; exitCode: number }>
  /**
   * Prepares an interactive command and resolves with the URL of a streaming server (SPDY/3.1 or WebSocket, as CRI
   * defines it) that runs it when connected to. The URL serves once, within a minute.
   */
  exec?(id: string, command: string[], streams: StreamOptions): Promise<string>
  /** As {@link exec}, for the container's own process. */
  attach?(id: string, streams: StreamOptions): Promise<string>
  /** As {@link exec}, for connections to ports of a sandbox. */
  portForward?(sandboxId: string, ports: number[]): Promise<string>
  /** Opens the log file anew by its path, after the kubelet has moved it away. Called once a rotation. */
  reopenContainerLog?(id: string): Promise<void>
  /** Changes the limits of a container, running or not; absent values stay. */
  updateContainerResources?(id: string, resources: LinuxContainerResources): Promise<void>
  /** What containers use now, those that run. Asked for `kubectl top` and metrics, every few seconds at most. */
  listContainerStats?(filter?: { id?: string; podSandboxId?: string }): Promise<ContainerStats[]>
  /** What sandboxes use, network included. */
  listPodSandboxStats?(filter?: { id?: string }): Promise<PodSandboxStats[]>
  /** The file systems images are kept on. Asked every few minutes, to see whether images must be removed. */
  imageFsInfo?(): Promise<{ mountpoint: string; usedBytes: number; inodesUsed: number }[]>

  /**
   * What happens to containers and sandboxes, as it happens, until the signal aborts; one stream at a time. May end or
   * throw at any time: it is asked for again within a second, and everything is looked at anew.
   */
  events?(signal: AbortSignal): AsyncIterable<RuntimeEvent>
}

/** The streams a user wants; with `tty` standard error comes with standard output. */
export interface StreamOptions {
  stdin: boolean
  stdout: boolean
  stderr: boolean
  tty: boolean
}
