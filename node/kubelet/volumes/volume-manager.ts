import { mkdir, readdir, rm, stat, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import type { Container, Pod, Volume } from '../../../api/kinds/types.ts'
import type { Logger } from '../../../plugins/plugin.ts'
import type { Mount } from '../../../plugins/runtime.ts'
import type { MountedVolume, VolumePlugin } from '../../../plugins/volume.ts'
import { expand } from '../env/expand.ts'
import { podHostname } from '../pods/sandbox-config.ts'
import { emptyDirVolumes, hostPathVolumes } from './local.ts'
import { isMounted } from './mounts.ts'
import { type ProjectedSources, projectedVolumes } from './projected.ts'

/** A volume could not be made; the message is the one of a FailedMount event. */
export class VolumeError extends Error {
  readonly code = 'VOLUME'
}

export interface VolumeManager {
  /** Makes all volumes of a Pod. Throws a VolumeError for the first that cannot be made. */
  mount(pod: Pod): Promise<Map<string, MountedVolume>>
  /** Writes again what is made from ConfigMaps, Secrets, tokens and the Pod's metadata. */
  refresh(pod: Pod): Promise<void>
  /** The mounts of one container, with its /etc/hosts and termination message file. */
  mounts(
    pod: Pod,
    container: Container,
    volumes: Map<string, MountedVolume>,
    inputs: MountInputs,
  ): Promise<Mount[]>
  unmount(podUid: string): Promise<void>
  /** UIDs of Pods that have files here. */
  pods(): Promise<string[]>
  /** Where a container's termination message is written. */
  terminationLog(podUid: string, container: string): string
}

interface MountInputs {
  podIP: string
  environment: { key: string; value: string }[]
}

export function createVolumeManager(
  dataDir: string,
  sources: ProjectedSources,
  plugins: VolumePlugin[],
  log: Logger,
): VolumeManager {
  const all = [...plugins, projectedVolumes(sources), emptyDirVolumes, hostPathVolumes]
  const root = join(dataDir, 'pods')
  const podDir = (uid: string): string => join(root, uid)
  const directoryOf = (uid: string, name: string): string => join(podDir(uid), 'volumes', name)
  const terminationLog = (uid: string, container: string): string =>
    join(podDir(uid), 'containers', container, 'termination-log')

  const mountOne = async (pod: Pod, volume: Volume): Promise<MountedVolume> => {
    const plugin = all.find(candidate => candidate.supports(volume))
    if (!plugin)
      throw new VolumeError(
        `Unable to attach or mount volumes: volume "${volume.name}" has a type that no plugin supports`,
      )
    const directory = directoryOf(pod.metadata.uid!, volume.name)
    await mkdir(directory, { recursive: true })
    try {
      return await plugin.mount({ pod, volume, directory })
    } catch (cause) {
      throw new VolumeError(
        `MountVolume.SetUp failed for volume "${volume.name}" : ${(cause as Error).message}`,
        { cause },
      )
    }
  }
  return {
    terminationLog,
    async mount(pod) {
      await mkdir(podDir(pod.metadata.uid!), { recursive: true, mode: 0o750 })
      const volumes = pod.spec.volumes ?? []
      const mounted = await Promise.all(volumes.map(volume => mountOne(pod, volume)))
      return new Map(volumes.map(({ name }, i) => [name, mounted[i]!]))
    },
    async refresh(pod) {
      const changing = (pod.spec.volumes ?? []).filter(
        ({ configMap, secret, downwardAPI, projected }) => configMap || secret || downwardAPI || projected,
      )
      await Promise.all(changing.map(volume => mountOne(pod, volume)))
    },
    async mounts(pod, container, volumes, inputs) {
      const uid = pod.metadata.uid!
      const own = await Promise.all(
        (container.volumeMounts ?? []).map(mount => toMount(mount, volumes, inputs)),
      )
      const hosts = await hostsFile(pod, podDir(uid), inputs.podIP)
      const messages = terminationLog(uid, container.name)
      await mkdir(join(messages, '..'), { recursive: true })
      await writeFile(messages, '', { mode: 0o666 })
      const path = container.terminationMessagePath ?? '/dev/termination-log'
      const mountsHosts = own.some(({ containerPath }) => containerPath === '/etc/hosts')
      return [
        ...own,
        ...(mountsHosts || !hosts ? [] : [{ containerPath: '/etc/hosts', hostPath: hosts }]),
        { containerPath: path, hostPath: messages },
      ]
    },
    async unmount(uid) {
      const names = await readdir(join(podDir(uid), 'volumes')).catch(() => [])
      for (const volumeName of names) {
        const directory = directoryOf(uid, volumeName)
        for (const plugin of all) await plugin.unmount?.({ podUid: uid, volumeName, directory })
        if (await isMounted(directory)) throw new Error(`${directory} is still mounted`)
      }
      await rm(podDir(uid), { recursive: true, force: true })
      log.debug({ podUid: uid }, 'volumes removed')
    },
    pods: () => readdir(root).catch(() => []),
  }
}

type VolumeMount = NonNullable<Container['volumeMounts']>[number]

async function toMount(
  { name, mountPath, readOnly, subPath, subPathExpr, mountPropagation }: VolumeMount,
  volumes: Map<string, MountedVolume>,
  { environment }: MountInputs,
): Promise<Mount> {
  const volume = volumes.get(name)
  if (!volume) throw new VolumeError(`volume "${name}" is not mounted`)
  const values = new Map(environment.map(({ key, value }) => [key, value]))
  const below = subPath || (subPathExpr ? expand(subPathExpr, values) : '')
  return {
    containerPath: mountPath,
    hostPath: below ? await subPathOf(volume.hostPath, below) : volume.hostPath,
    readonly: readOnly || volume.readOnly || false,
    propagation:
      mountPropagation === 'Bidirectional'
        ? 'PROPAGATION_BIDIRECTIONAL'
        : mountPropagation === 'HostToContainer'
          ? 'PROPAGATION_HOST_TO_CONTAINER'
          : 'PROPAGATION_PRIVATE',
  }
}

/** A path inside a volume; it is made when it is not there, and never leads out of the volume. */
async function subPathOf(root: string, path: string): Promise<string> {
  const target = resolve(root, path)
  if (target !== root && !target.startsWith(`${root}/`))
    throw new VolumeError(`subPath "${path}" leads out of its volume`)
  if (!(await stat(target).catch(() => undefined))) await mkdir(target, { recursive: true, mode: 0o777 })
  return target
}

/** The Pod's /etc/hosts; a Pod of the host's network keeps the host's. */
async function hostsFile(pod: Pod, dir: string, podIP: string): Promise<string | undefined> {
  const aliases = pod.spec.hostAliases ?? []
  if (pod.spec.hostNetwork && aliases.length === 0) return undefined
  const { subdomain } = pod.spec
  const name = podHostname(pod)
  const full = subdomain ? `${name}.${subdomain}.${pod.metadata.namespace}.svc.cluster.local\t${name}` : name
  const lines = [
    '# Kubernetes-managed hosts file.',
    '127.0.0.1\tlocalhost',
    '::1\tlocalhost ip6-localhost ip6-loopback',
    'fe00::0\tip6-localnet',
    'fe00::0\tip6-mcastprefix',
    'fe00::1\tip6-allnodes',
    'fe00::2\tip6-allrouters',
    ...(pod.spec.hostNetwork ? [] : [`${podIP}\t${full}`]),
    ...(aliases.length > 0 ? ['', '# Entries added by HostAliases.'] : []),
    ...aliases.map(({ ip, hostnames }) => `${ip}\t${(hostnames ?? []).join('\t')}`),
  ]
  const path = join(dir, 'etc-hosts')
  await writeFile(path, `${lines.join('\n')}\n`)
  return path
}
