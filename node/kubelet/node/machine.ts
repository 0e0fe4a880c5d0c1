import { readdirSync, readFileSync, statfsSync } from 'node:fs'
import { arch, cpus, release, totalmem } from 'node:os'
import { formatQuantity } from '../../../api/meta/quantity.ts'
import type { RuntimeVersion } from '../../../plugins/runtime.ts'

/** The version of the kubelet this one behaves as. */
export const KUBELET_VERSION = 'v1.34.0+skiff'

const ARCHITECTURES: Record<string, string> = { x64: 'amd64', arm64: 'arm64', arm: 'arm', ia32: '386' }
export const architecture = (): string => ARCHITECTURES[arch()] ?? arch()

const KIB = 1024
const MIB = KIB * KIB
/** Memory the kubelet keeps free by eviction (memory.available<100Mi), taken off allocatable. */
export const EVICTION_MEMORY = 100 * MIB
/** Share of the disk that is kept free (nodefs.available<10%). */
export const EVICTION_DISK = 0.1

type Quantities = Record<string, string>

/** What the machine has, and what of it Pods may use. */
export function nodeResources(
  dataDir: string,
  maxPods: number,
): { capacity: Quantities; allocatable: Quantities } {
  const disk = statfsSync(dataDir)
  const diskBytes = disk.blocks * disk.bsize
  const pages = hugePages()
  const pagesBytes = pages.reduce((sum, { bytes }) => sum + bytes, 0)
  const shared = {
    cpu: String(cpus().length),
    pods: String(maxPods),
    ...Object.fromEntries(pages.map(({ name, bytes }) => [name, inBinary(bytes)])),
  }
  const inKib = (bytes: number): string => `${Math.floor(bytes / KIB)}Ki`
  return {
    capacity: { ...shared, memory: inKib(totalmem()), 'ephemeral-storage': inKib(diskBytes) },
    allocatable: {
      ...shared,
      memory: inKib(totalmem() - EVICTION_MEMORY - pagesBytes),
      'ephemeral-storage': String(Math.floor(diskBytes * (1 - EVICTION_DISK))),
    },
  }
}

const inBinary = (bytes: number): string =>
  bytes === 0 ? '0' : formatQuantity({ nano: BigInt(bytes) * 1_000_000_000n, format: 'binary' })

/** Huge pages by size: `hugepages-2Mi` → bytes that are set aside for them. */
function hugePages(): { name: string; bytes: number }[] {
  const root = '/sys/kernel/mm/hugepages'
  return readdirOf(root).flatMap(folder => {
    const size = Number(/^hugepages-(\d+)kB$/.exec(folder)?.[1]) * KIB
    if (!size) return []
    const count = Number(read(`${root}/${folder}/nr_hugepages`))
    return { name: `hugepages-${inBinary(size)}`, bytes: count * size }
  })
}

function readdirOf(path: string): string[] {
  try {
    return readdirSync(path)
  } catch {
    return []
  }
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8').trim()
  } catch {
    return ''
  }
}

/** Who the machine is, in the words of `kubectl describe node`. */
export function nodeInfo(runtimeName: string, version: RuntimeVersion): Record<string, string> {
  const machineID = read('/etc/machine-id')
  const runtimeVersion = version.runtimeVersion.replace(/^v/, '').split('~')[0]
  return {
    machineID,
    systemUUID: read('/sys/class/dmi/id/product_uuid') || machineID,
    bootID: read('/proc/sys/kernel/random/boot_id'),
    kernelVersion: release(),
    osImage: /^PRETTY_NAME="?([^"\n]*)"?$/m.exec(read('/etc/os-release'))?.[1] ?? 'Linux',
    containerRuntimeVersion: `${version.runtimeName || runtimeName}://${runtimeVersion}`,
    kubeletVersion: KUBELET_VERSION,
    kubeProxyVersion: '',
    operatingSystem: 'linux',
    architecture: architecture(),
  }
}
