import { readFileSync, statfsSync } from 'node:fs'
import { arch, cpus, release, totalmem } from 'node:os'
import { now } from '../../../api/meta/time.ts'
import type { RuntimeCondition, RuntimeImage, RuntimeVersion } from '../../../plugins/runtime.ts'

/** The version of the kubelet this one behaves as. */
export const KUBELET_VERSION = 'v1.34.0+skiff'

const ARCHITECTURES: Record<string, string> = { x64: 'amd64', arm64: 'arm64', arm: 'arm', ia32: '386' }
export const architecture = (): string => ARCHITECTURES[arch()] ?? arch()

/** Labels every node has. */
export const nodeLabels = (hostname: string): Record<string, string> => ({
  'beta.kubernetes.io/arch': architecture(),
  'beta.kubernetes.io/os': 'linux',
  'kubernetes.io/arch': architecture(),
  'kubernetes.io/hostname': hostname,
  'kubernetes.io/os': 'linux',
})

const KIB = 1024
/** Memory the kubelet keeps free by eviction (memory.available<100Mi), taken off allocatable. */
const EVICTION_MEMORY = 100 * KIB * KIB

/** What the machine has, and what of it Pods may use. */
export function nodeResources(
  dataDir: string,
  maxPods: number,
): { capacity: Record<string, string>; allocatable: Record<string, string> } {
  const disk = statfsSync(dataDir)
  const diskBytes = disk.blocks * disk.bsize
  const shared = {
    cpu: String(cpus().length),
    pods: String(maxPods),
    'hugepages-2Mi': '0',
    'hugepages-1Gi': '0',
  }
  const inKib = (bytes: number): string => `${Math.floor(bytes / KIB)}Ki`
  return {
    capacity: { ...shared, memory: inKib(totalmem()), 'ephemeral-storage': inKib(diskBytes) },
    allocatable: {
      ...shared,
      memory: inKib(totalmem() - EVICTION_MEMORY),
      'ephemeral-storage': String(Math.floor(diskBytes * 0.9)),
    },
  }
}

export function nodeInfo(runtimeName: string, version: RuntimeVersion): Record<string, string> {
  const read = (path: string): string => {
    try {
      return readFileSync(path, 'utf8').trim()
    } catch {
      return ''
    }
  }
  return {
    machineID: read('/etc/machine-id'),
    systemUUID: read('/sys/class/dmi/id/product_uuid') || read('/etc/machine-id'),
    bootID: read('/proc/sys/kernel/random/boot_id'),
    kernelVersion: release(),
    osImage: osImage(read('/etc/os-release')),
    containerRuntimeVersion: `${version.runtimeName || runtimeName}://${version.runtimeVersion.replace(/^v/, '').split('~')[0]}`,
    kubeletVersion: KUBELET_VERSION,
    kubeProxyVersion: '',
    operatingSystem: 'linux',
    architecture: architecture(),
  }
}

const osImage = (text: string): string => /^PRETTY_NAME="?([^"\n]*)"?$/m.exec(text)?.[1] ?? 'Linux'

interface NodeCondition {
  type: string
  status: 'True' | 'False'
  reason: string
  message: string
  lastHeartbeatTime: string
  lastTransitionTime: string
}

/** The node's conditions; `before` gives the times of those that did not change. */
export function nodeConditions(
  runtime: RuntimeCondition[] | Error,
  before: readonly NodeCondition[] = [],
): NodeCondition[] {
  const time = now()
  const make = (type: string, status: 'True' | 'False', reason: string, message: string): NodeCondition => {
    const same = before.find(condition => condition.type === type && condition.status === status)
    return {
      type,
      status,
      lastHeartbeatTime: time,
      lastTransitionTime: same?.lastTransitionTime ?? time,
      reason,
      message,
    }
  }
  const fault = runtimeFault(runtime)
  return [
    make('MemoryPressure', 'False', 'KubeletHasSufficientMemory', 'kubelet has sufficient memory available'),
    make('DiskPressure', 'False', 'KubeletHasNoDiskPressure', 'kubelet has no disk pressure'),
    make('PIDPressure', 'False', 'KubeletHasSufficientPID', 'kubelet has sufficient PID available'),
    fault
      ? make('Ready', 'False', 'KubeletNotReady', fault)
      : make('Ready', 'True', 'KubeletReady', 'kubelet is posting ready status'),
  ]
}

function runtimeFault(runtime: RuntimeCondition[] | Error): string | undefined {
  if (runtime instanceof Error) return `container runtime is down: ${runtime.message}`
  const faults = runtime.filter(({ status }) => !status)
  if (faults.length === 0) return undefined
  return faults
    .map(({ type, reason, message }) => {
      const what = type === 'NetworkReady' ? 'container runtime network not ready: ' : ''
      return `${what}${type}=false reason:${reason} message:${message}`
    })
    .join(', ')
}

const MOST_IMAGES = 50

/** The largest images, as the scheduler's ImageLocality wants to know them. */
export function nodeImages(images: RuntimeImage[]): { names: string[]; sizeBytes: number }[] {
  return images
    .map(({ repoTags, repoDigests, size }) => ({
      names: [...repoDigests, ...repoTags].slice(0, 5),
      sizeBytes: size,
    }))
    .sort((a, b) => b.sizeBytes - a.sizeBytes)
    .slice(0, MOST_IMAGES)
}
