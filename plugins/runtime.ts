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

export interface PodSandboxConfig {
  metadata: SandboxMetadata
  hostname: string
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
  /** Relative to the sandbox's `logDirectory`. */
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

/** A container runtime. The first part is required; what follows `exec` may be left out, and is then not offered. */
export interface RuntimePlugin {
  readonly name?: string

  /** Asked at start and whenever the node reports what it runs. */
  version(): Promise<RuntimeVersion>
  /** Asked every few seconds; NetworkReady=false with a message makes the node NotReady with that message. */
  status(): Promise<{ conditions: RuntimeCondition[] }>

  /** Makes the Pod's namespaces and its network; resolves when Pods can be started in it. Undoes all when it fails. */
  runPodSandbox(config: PodSandboxConfig, runtimeHandler: string): Promise<string>
  /** Kills what runs in the sandbox and gives its network back. */
  stopPodSandbox(id: string): Promise<void>
  removePodSandbox(id: string): Promise<void>
  podSandboxStatus(id: string): Promise<PodSandboxStatus>
  listPodSandbox(filter?: { id?: string; labelSelector?: Record<string, string> }): Promise<PodSandbox[]>

  createContainer(sandboxId: string, config: ContainerConfig, sandbox: PodSandboxConfig): Promise<string>
  startContainer(id: string): Promise<void>
  /** SIGTERM, then SIGKILL after `timeout` seconds. Resolves when it has stopped. */
  stopContainer(id: string, timeout: number): Promise<void>
  removeContainer(id: string): Promise<void>
  containerStatus(id: string): Promise<RuntimeContainerStatus>
  listContainers(filter?: {
    id?: string
    podSandboxId?: string
    labelSelector?: Record<string, string>
  }): Promise<RuntimeContainer[]>

  /** undefined when the image is not there. */
  imageStatus(image: string): Promise<RuntimeImage | undefined>
  /** Resolves with a reference that names exactly what was pulled. */
  pullImage(image: string, auth?: AuthConfig, signal?: AbortSignal): Promise<string>
  listImages(): Promise<RuntimeImage[]>
  removeImage(image: string): Promise<void>

  /** Runs a command to its end, killed after `timeout` seconds (0: never). */
  execSync?(
    id: string,
    command: string[],
    timeout: number,
  ): Promise<{ stdout: Buffer; stderr: Buffer; exitCode: number }>
  /** URL of a streaming server (SPDY/3.1, as CRI defines it) that runs the command when connected to. */
  exec?(id: string, command: string[], streams: StreamOptions): Promise<string>
  attach?(id: string, streams: StreamOptions): Promise<string>
  portForward?(sandboxId: string, ports: number[]): Promise<string>
  reopenContainerLog?(id: string): Promise<void>
  updateContainerResources?(id: string, resources: LinuxContainerResources): Promise<void>
  listContainerStats?(filter?: { podSandboxId?: string }): Promise<ContainerStats[]>
  imageFsInfo?(): Promise<{ mountpoint: string; usedBytes: number; inodesUsed: number }[]>

  /**
   * What happens to containers, as it happens, until the signal aborts. Without it the kubelet looks every second. May
   * end or throw at any time; it is then asked for again, and everything is looked at anew.
   */
  events?(signal: AbortSignal): AsyncIterable<RuntimeEvent>
}

export interface StreamOptions {
  stdin: boolean
  stdout: boolean
  stderr: boolean
  tty: boolean
}
