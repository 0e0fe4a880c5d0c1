import { chmod } from 'node:fs/promises'
import type { Container, Pod } from '../../../api/kinds/types.ts'
import { parseQuantity, quantityValue } from '../../../api/meta/quantity.ts'
import type { VolumePlugin } from '../../../plugins/volume.ts'
import { isMounted, mount, unmountAll } from './mounts.ts'
import { giveToGroup } from './ownership.ts'

/**
 * emptyDir: a folder that lives as long as the Pod, in memory (tmpfs) or huge pages where so asked.
 * `nodeMemory` gives the node's allocatable memory as a quantity: no volume in memory is larger.
 */
export function emptyDirVolumes(nodeMemory: (pod: Pod) => string): VolumePlugin {
  return {
    name: 'kubernetes.io/empty-dir',
    canSupport: ({ emptyDir }) => Boolean(emptyDir),
    async mount({ pod, volume, directory }) {
      const { medium = '', sizeLimit } = volume.emptyDir!
      if (medium !== '' && !(await isMounted(directory))) {
        await mountMedium(directory, medium, pod, memorySize(pod, sizeLimit, nodeMemory(pod)))
      }
      await chmod(directory, 0o777)
      await giveToGroup(directory, pod)
      return { hostPath: directory }
    },
    unmount: ({ directory }) => unmountAll(directory),
  }
}

async function mountMedium(directory: string, medium: string, pod: Pod, size: bigint): Promise<void> {
  if (medium === 'Memory') return mount('-t', 'tmpfs', '-o', `size=${size}`, 'tmpfs', directory)
  const [, pages] = /^HugePages(?:-(.+))?$/.exec(medium) ?? []
  if (!medium.startsWith('HugePages')) throw new Error(`unknown storage medium "${medium}"`)
  const pageSize = quantityValue(parseQuantity(pages ?? onlyPageSize(pod)))
  await mount('-t', 'hugetlbfs', '-o', `pagesize=${pageSize}`, 'nodev', directory)
}

/** The one size of huge pages that a Pod's containers ask for. */
function onlyPageSize({ spec }: Pod): string {
  const names = spec.containers.flatMap(({ resources }) => Object.keys(resources?.requests ?? {}))
  const sizes = new Set(names.flatMap(name => /^hugepages-(.+)$/.exec(name)?.[1] ?? []))
  if (sizes.size === 1) return [...sizes][0]!
  throw new Error(
    sizes.size === 0
      ? 'hugePages storage requested, but there is no resource request for huge pages'
      : 'medium HugePages can be used only if a Pod requests exactly one size of huge pages',
  )
}

/** Bytes: the least of what the volume may have, the Pod may have, and the node has. */
function memorySize(pod: Pod, sizeLimit: unknown, nodeMemory: string): bigint {
  const bytes = (text: unknown): bigint => quantityValue(parseQuantity(String(text)))
  const limits = pod.spec.containers.map(({ resources }: Container) => resources?.limits?.memory)
  const podLimit = limits.every(Boolean) ? limits.reduce((sum, limit) => sum + bytes(limit), 0n) : 0n
  const sizes = [bytes(nodeMemory), podLimit, sizeLimit === undefined ? 0n : bytes(sizeLimit)]
  const [least = 0n] = sizes.filter(size => size > 0n).sort((a, b) => Number(a - b))
  return least
}
