import { chmod, mkdir, writeFile } from 'node:fs/promises'
import { isAbsolute, join } from 'node:path'
import type { Container, Pod, VolumeMount } from '../../../api/kinds/types.ts'
import type { Mount } from '../../../plugins/runtime.ts'
import type { MountedVolume } from '../../../plugins/volume.ts'
import { ContainerConfigError } from '../containers/config.ts'
import { podHostname } from '../pods/sandbox-config.ts'
import { writeHostsFile } from './hosts-file.ts'
import { bindSubPath } from './sub-path.ts'

export interface MountInputs {
  podIP: string
  /** The container's environment, for `subPathExpr`. */
  environment: { key: string; value: string }[]
}

interface Context extends MountInputs {
  podDir: string
  clusterDomain: string
}

const HOSTS = '/etc/hosts'
const DEFAULT_MESSAGES = '/dev/termination-log'
const PROPAGATION = {
  None: 'PROPAGATION_PRIVATE',
  HostToContainer: 'PROPAGATION_HOST_TO_CONTAINER',
  Bidirectional: 'PROPAGATION_BIDIRECTIONAL',
} as const

export const terminationLogOf = (podDir: string, container: string): string =>
  join(podDir, 'containers', container, 'termination-log')

/**
 * What is mounted into a container: its volumes, the Pod's /etc/hosts unless it brings its own, its termination message
 * file, empty.
 * @throws ContainerConfigError when a mount names what is not there, or a path leads out of its volume.
 */
export async function containerMounts(
  pod: Pod,
  container: Container,
  volumes: Map<string, MountedVolume>,
  context: Context,
): Promise<Mount[]> {
  const { podDir, podIP } = context
  const mounts: Mount[] = []
  for (const [index, volumeMount] of (container.volumeMounts ?? []).entries()) {
    mounts.push(await toMount(volumeMount, index, container, volumes, context))
  }
  if (podIP && !mounts.some(({ containerPath }) => containerPath === HOSTS)) {
    const hostPath = join(podDir, 'etc-hosts')
    await writeHostsFile(hostPath, pod, [podIP], namesOf(pod, context))
    mounts.push({ containerPath: HOSTS, hostPath })
  }
  const messages = terminationLogOf(podDir, container.name)
  await mkdir(join(messages, '..'), { recursive: true, mode: 0o750 })
  await writeFile(messages, '')
  // Whoever the container runs as; a mode given at creation is cut by our own mask.
  await chmod(messages, 0o666)
  mounts.push({ containerPath: container.terminationMessagePath ?? DEFAULT_MESSAGES, hostPath: messages })
  return mounts
}

function namesOf(pod: Pod, { clusterDomain }: Context): { hostname: string; domainName: string | undefined } {
  const hostname = podHostname(pod)
  const { subdomain } = pod.spec
  const domainName = subdomain && `${hostname}.${subdomain}.${pod.metadata.namespace}.svc.${clusterDomain}`
  return { hostname, domainName: domainName || undefined }
}

async function toMount(
  { name, mountPath, readOnly, subPath, subPathExpr, mountPropagation }: VolumeMount,
  index: number,
  container: Container,
  volumes: Map<string, MountedVolume>,
  { podDir, environment }: Context,
): Promise<Mount> {
  const volume = volumes.get(name)
  if (!volume) {
    throw new ContainerConfigError(`cannot find volume "${name}" to mount into container "${container.name}"`)
  }
  const below = subPath || (subPathExpr ? expandStrictly(subPathExpr, environment) : '')
  let { hostPath } = volume
  if (below) {
    checkSubPath(below)
    hostPath = join(podDir, 'volume-subpaths', name, container.name, String(index))
    await bindSubPath(volume.hostPath, below, hostPath).catch(cause => {
      const what = `failed to prepare subPath for volumeMount "${name}" of container "${container.name}"`
      throw new ContainerConfigError(`${what}: ${cause.message}`, { cause })
    })
  }
  return {
    containerPath: isAbsolute(mountPath) ? mountPath : `/${mountPath}`,
    hostPath,
    readonly: readOnly || volume.readOnly || false,
    propagation: PROPAGATION[(mountPropagation ?? 'None') as keyof typeof PROPAGATION],
  }
}

/** As commands are expanded, but a variable that is not there is an error. */
function expandStrictly(text: string, environment: MountInputs['environment']): string {
  const values = new Map(environment.map(({ key, value }) => [key, value]))
  return text.replace(/\$(\$|\(([^)]*)\))/g, (_, what: string, name = '') => {
    if (what === '$') return '$'
    const value = values.get(name)
    if (value === undefined) throw new ContainerConfigError(`missing value for "${name}"`)
    return value
  })
}

function checkSubPath(path: string): void {
  if (isAbsolute(path)) {
    throw new ContainerConfigError(`error SubPath \`${path}\` must not be an absolute path`)
  }
  if (path.split('/').includes('..')) {
    throw new ContainerConfigError(`unable to provision SubPath \`${path}\`: must not contain '..'`)
  }
}
