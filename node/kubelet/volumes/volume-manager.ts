import { readdir, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { Container, Pod, Volume } from '../../../api/kinds/types.ts'
import type { Mount } from '../../../plugins/runtime.ts'
import type { MountedVolume, VolumePlugin } from '../../../plugins/volume.ts'
import { containerMounts, type MountInputs, terminationLogOf } from './container-mounts.ts'
import { emptyDirVolumes } from './empty-dir.ts'
import { hostPathVolumes } from './host-path.ts'
import { localVolumes } from './local-disk.ts'
import { mountPoints, unmountAll } from './mounts.ts'
import type { VolumeManagerOptions } from './options.ts'
import { createPodVolumes, type PodVolumes, volumeDirectory } from './pod-volumes.ts'
import { projectedVolumes } from './projected.ts'

export { VolumeError } from './volume-error.ts'

export interface VolumeManager {
  /**
   * Makes all volumes of a Pod, and from then on keeps them up to date until {@link unmount}. May be called again. Throws a
   * VolumeError for the first that cannot be made.
   */
  mount(pod: Pod): Promise<Map<string, MountedVolume>>
  /** Takes note of the Pod as it is now; what shows its metadata is written again. Also for Pods of an earlier agent. */
  refresh(pod: Pod): Promise<void>
  /** The mounts of one container, with its /etc/hosts and termination message file. */
  mounts(
    pod: Pod,
    container: Container,
    volumes: Map<string, MountedVolume>,
    inputs: MountInputs,
  ): Promise<Mount[]>
  /** Gives everything of a Pod back, made by this or an earlier agent. */
  unmount(podUid: string): Promise<void>
  /** UIDs of Pods that have files here. */
  pods(): Promise<string[]>
  /** UIDs of Pods that have files here and are not among these. */
  orphans(activeUids: ReadonlySet<string>): Promise<string[]>
  /** Where a container's termination message is written. */
  terminationLog(podUid: string, container: string): string
  /** The folder of a volume that lives and dies with its Pod; undefined for any other. */
  pathOf(pod: Pod, volume: Volume): string | undefined
}

export function createVolumeManager(options: VolumeManagerOptions): VolumeManager {
  const plugins = allPlugins(options)
  const root = join(options.dataDir, 'pods')
  const known = new Map<string, PodVolumes>()
  const leaving = new Set<string>()
  const podDir = (uid: string): string => join(root, uid)
  const volumesOf = (pod: Pod): PodVolumes => {
    const uid = pod.metadata.uid!
    const there = known.get(uid)
    if (there) return there
    const volumes = createPodVolumes(pod, podDir(uid), plugins, options)
    known.set(uid, volumes)
    return volumes
  }
  const uids = (): Promise<string[]> => readdir(root).catch(() => [])
  options.signal.addEventListener('abort', () => known.forEach(volumes => void volumes.stop()), {
    once: true,
  })
  return {
    mount: pod => volumesOf(pod).mount(),
    async refresh(pod) {
      const uid = pod.metadata.uid!
      if (leaving.has(uid) || !(known.has(uid) || (await isThere(podDir(uid))))) return
      await volumesOf(pod).refresh(pod)
    },
    mounts: (pod, container, volumes, inputs) =>
      containerMounts(pod, container, volumes, {
        ...inputs,
        podDir: podDir(pod.metadata.uid!),
        clusterDomain: options.clusterDomain,
      }),
    async unmount(uid) {
      leaving.add(uid)
      try {
        await known.get(uid)?.stop()
        known.delete(uid)
        await removeAll(uid, podDir(uid), plugins)
      } finally {
        leaving.delete(uid)
      }
      options.log.debug({ podUid: uid }, 'volumes removed')
    },
    pods: uids,
    orphans: async active => (await uids()).filter(uid => !active.has(uid)),
    pathOf({ metadata }, { name, emptyDir, configMap, secret, downwardAPI, projected }) {
      const isProjected = configMap || secret || downwardAPI || projected
      const plugin = emptyDir ? 'kubernetes.io/empty-dir' : isProjected && 'kubernetes.io/projected'
      return plugin ? volumeDirectory(podDir(metadata.uid!), plugin, name) : undefined
    },
    terminationLog: (uid, container) => terminationLogOf(podDir(uid), container),
  }
}

const allPlugins = ({ plugins, client, objects, facts }: VolumeManagerOptions): VolumePlugin[] => [
  ...plugins,
  projectedVolumes({ client, objects, facts }),
  emptyDirVolumes(pod => facts(pod).nodeAllocatable.memory),
  hostPathVolumes,
  localVolumes,
]

/** Lets the plugins unmount, then removes the files; stops short of removing what is still mounted. */
async function removeAll(podUid: string, podDir: string, plugins: VolumePlugin[]): Promise<void> {
  await unmountAll(join(podDir, 'volume-subpaths'))
  for (const folder of await namesIn(join(podDir, 'volumes'))) {
    const plugin = plugins.find(({ name }) => name.replaceAll('/', '~') === folder)
    for (const volumeName of await namesIn(join(podDir, 'volumes', folder))) {
      const directory = join(podDir, 'volumes', folder, volumeName)
      await plugin?.unmount?.({ podUid, volumeName, directory })
    }
  }
  const left = (await mountPoints()).filter(point => point.startsWith(`${podDir}/`))
  if (left.length > 0) throw new Error(`not removed, since still mounted: ${left.join(', ')}`)
  await rm(podDir, { recursive: true, force: true })
}

const isThere = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  )

const namesIn = (directory: string): Promise<string[]> => readdir(directory).catch(() => [])
