import type { Container, Pod } from '../../../api/kinds/types.ts'
import type {
  ContainerConfig,
  LinuxContainerResources,
  Mount,
  NamespaceOption,
  SecurityProfile,
} from '../../../plugins/runtime.ts'
import { expand } from '../env/expand.ts'
import { cpuShares } from '../pods/cgroups.ts'
import { oomScoreAdjust } from '../pods/qos.ts'
import { amount } from '../pods/resources.ts'
import {
  CONTAINER_HASH,
  CONTAINER_NAME,
  containerHash,
  GRACE_PERIOD,
  podLabels,
  RESTART_COUNT,
  TERMINATION_PATH,
  TERMINATION_POLICY,
} from './labels.ts'

/** What a container's configuration is made from, beside its spec. */
export interface ContainerInputs {
  /** What exactly to run: the image's id, so that a tag that moves changes nothing. */
  imageRef: string
  environment: { key: string; value: string }[]
  mounts: Mount[]
  restartCount: number
  imageUser: ImageUser
  /** Bytes of the node. */
  memoryCapacity: number
}

/** The user the image names, for where the spec names none. */
export interface ImageUser {
  uid?: number
  username?: string
}

const CPU_PERIOD = 100_000
/** The least quota the kernel takes, in microseconds. */
const LEAST_QUOTA = 1_000

/** Thrown when a container's spec cannot be run as it is: the reason is CreateContainerConfigError. */
export class ContainerConfigError extends Error {
  readonly code = 'CREATE_CONTAINER_CONFIG'
}

export function containerConfig(pod: Pod, container: Container, inputs: ContainerInputs): ContainerConfig {
  const values = new Map(inputs.environment.map(({ key, value }) => [key, value]))
  const expanded = (words: string[] | undefined): string[] => (words ?? []).map(word => expand(word, values))
  const policy = container.terminationMessagePolicy ?? 'File'
  return {
    metadata: { name: container.name, attempt: inputs.restartCount },
    image: { image: inputs.imageRef, annotations: {} },
    command: expanded(container.command),
    args: expanded(container.args),
    ...(container.workingDir && { workingDir: container.workingDir }),
    envs: inputs.environment,
    mounts: inputs.mounts,
    devices: [],
    labels: { ...podLabels(pod), [CONTAINER_NAME]: container.name },
    annotations: {
      [CONTAINER_HASH]: containerHash(container),
      [RESTART_COUNT]: String(inputs.restartCount),
      [TERMINATION_PATH]: container.terminationMessagePath ?? '/dev/termination-log',
      [TERMINATION_POLICY]: policy,
      [GRACE_PERIOD]: String(pod.spec.terminationGracePeriodSeconds ?? 30),
    },
    logPath: `${container.name}/${inputs.restartCount}.log`,
    stdin: container.stdin ?? false,
    stdinOnce: container.stdinOnce ?? false,
    tty: container.tty ?? false,
    linux: {
      resources: linuxResources(pod, container, inputs.memoryCapacity),
      securityContext: securityContext(pod, container, inputs),
    },
  }
}

/** cgroup values and OOM score of one container: shares of its request, quota and memory of its limits. */
export function linuxResources(
  pod: Pod,
  { resources }: Container,
  memoryCapacity: number,
): LinuxContainerResources {
  const { limits, requests } = resources ?? {}
  const cpuRequest = amount('cpu', requests?.cpu ?? limits?.cpu)
  const memoryRequest = amount('memory', requests?.memory ?? limits?.memory)
  return {
    cpuShares: cpuShares(cpuRequest),
    ...(limits?.cpu !== undefined && {
      cpuPeriod: CPU_PERIOD,
      cpuQuota: Math.max((amount('cpu', limits.cpu) * CPU_PERIOD) / 1000, LEAST_QUOTA),
    }),
    ...(limits?.memory !== undefined && { memoryLimitInBytes: amount('memory', limits.memory) }),
    oomScoreAdj: oomScoreAdjust(pod, memoryRequest, memoryCapacity),
  }
}

/** What a running container is given when its resources have changed; -1 takes a limit away. */
export function resizedResources({ resources }: Container): LinuxContainerResources {
  const { limits, requests } = resources ?? {}
  const quota = (amount('cpu', limits?.cpu) * CPU_PERIOD) / 1000
  return {
    cpuShares: cpuShares(amount('cpu', requests?.cpu ?? limits?.cpu)),
    cpuPeriod: CPU_PERIOD,
    cpuQuota: limits?.cpu === undefined ? -1 : Math.max(quota, LEAST_QUOTA),
    ...(limits?.memory !== undefined && { memoryLimitInBytes: amount('memory', limits.memory) }),
  }
}

function securityContext(pod: Pod, container: Container, { imageUser }: ContainerInputs) {
  const own = container.securityContext ?? {}
  const shared = pod.spec.securityContext ?? {}
  const uid = own.runAsUser ?? shared.runAsUser ?? imageUser.uid
  const gid = own.runAsGroup ?? shared.runAsGroup
  const privileged = own.privileged ?? false
  checkNonRoot(own.runAsNonRoot ?? shared.runAsNonRoot, uid, imageUser, container, pod)
  return {
    capabilities: {
      addCapabilities: own.capabilities?.add ?? [],
      dropCapabilities: own.capabilities?.drop ?? [],
    },
    privileged,
    namespaceOptions: containerNamespaces(pod, container),
    ...(uid !== undefined && { runAsUser: { value: uid } }),
    ...(uid === undefined && imageUser.username && { runAsUsername: imageUser.username }),
    ...(gid !== undefined && uid !== undefined && { runAsGroup: { value: gid } }),
    readonlyRootfs: own.readOnlyRootFilesystem ?? false,
    supplementalGroups: [
      ...(shared.supplementalGroups ?? []),
      ...(shared.fsGroup === undefined ? [] : [shared.fsGroup]),
    ],
    noNewPrivs: own.allowPrivilegeEscalation === false,
    seccomp: privileged ? UNCONFINED : seccompProfile(own.seccompProfile ?? shared.seccompProfile),
    ...(own.procMount !== 'Unmasked' &&
      !privileged && { maskedPaths: MASKED_PATHS, readonlyPaths: READONLY_PATHS }),
  }
}

function checkNonRoot(
  mustBeNonRoot: boolean | undefined,
  uid: number | undefined,
  { username }: ContainerInputs['imageUser'],
  { name }: Container,
  { metadata }: Pod,
): void {
  if (!mustBeNonRoot) return
  const where = `(pod: "${metadata.name}_${metadata.namespace}(${metadata.uid})", container: ${name})`
  if (uid === 0) throw new ContainerConfigError(`container's runAsUser breaks non-root policy ${where}`)
  if (uid !== undefined) return
  if (username) {
    throw new ContainerConfigError(
      `container has runAsNonRoot and image has non-numeric user (${username}), cannot verify user is non-root ${where}`,
    )
  }
  throw new ContainerConfigError(`container has runAsNonRoot and image will run as root ${where}`)
}

/** The namespaces a Pod shares: with the host as its spec says, among its containers the rest. */
export function namespaceOptions({ spec }: Pod): NamespaceOption {
  return {
    network: spec.hostNetwork ? 'NODE' : 'POD',
    ipc: spec.hostIPC ? 'NODE' : 'POD',
    pid: spec.hostPID ? 'NODE' : spec.shareProcessNamespace ? 'POD' : 'CONTAINER',
  }
}

/** An ephemeral container may share the processes of the container it looks into. */
function containerNamespaces(pod: Pod, container: Container): NamespaceOption {
  const { targetContainerName } = container as { targetContainerName?: string }
  const targetId = pod.status?.containerStatuses
    ?.find(({ name }) => name === targetContainerName)
    ?.containerID?.replace(/^.*:\/\//, '')
  return { ...namespaceOptions(pod), ...(targetId && { pid: 'TARGET', targetId }) }
}

const UNCONFINED: SecurityProfile = { profileType: 'Unconfined' }

interface SeccompSpec {
  type: string
  localhostProfile?: string
}

/** Unconfined where nothing is said, as a kubelet without SeccompDefault does. */
export function seccompProfile(profile: SeccompSpec | undefined): SecurityProfile {
  if (profile?.type === 'RuntimeDefault') return { profileType: 'RuntimeDefault' }
  if (profile?.type === 'Localhost')
    return { profileType: 'Localhost', localhostRef: profile.localhostProfile ?? '' }
  return UNCONFINED
}

const MASKED_PATHS = [
  '/proc/asound',
  '/proc/acpi',
  '/proc/interrupts',
  '/proc/kcore',
  '/proc/keys',
  '/proc/latency_stats',
  '/proc/timer_list',
  '/proc/timer_stats',
  '/proc/sched_debug',
  '/proc/scsi',
  '/sys/firmware',
  '/sys/devices/virtual/powercap',
]
const READONLY_PATHS = ['/proc/bus', '/proc/fs', '/proc/irq', '/proc/sys', '/proc/sysrq-trigger']
