import { execFile } from 'node:child_process'
import { chmod, chown, mkdir, open, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { promisify } from 'node:util'
import { parseQuantity, quantityValue } from '../../../api/meta/quantity.ts'
import type { VolumePlugin } from '../../../plugins/volume.ts'
import { isMounted } from './mounts.ts'

const exec = promisify(execFile)

/** emptyDir: a folder that lives as long as the Pod, in memory (tmpfs) where so asked. */
export const emptyDirVolumes: VolumePlugin = {
  name: 'kubernetes.io/empty-dir',
  supports: ({ emptyDir }) => Boolean(emptyDir),
  async mount({ pod, volume, directory }) {
    const { medium, sizeLimit } = volume.emptyDir!
    if (medium === 'Memory' && !(await isMounted(directory))) {
      const size = sizeLimit ? `,size=${quantityValue(parseQuantity(String(sizeLimit)))}` : ''
      await exec('mount', ['-t', 'tmpfs', '-o', `mode=0777${size}`, 'tmpfs', directory])
    }
    await chmod(directory, 0o777)
    const gid = pod.spec.securityContext?.fsGroup
    if (gid !== undefined) {
      await chown(directory, 0, gid)
      await chmod(directory, 0o2777)
    }
    return { hostPath: directory }
  },
  async unmount({ directory }) {
    if (await isMounted(directory)) await exec('umount', [directory])
  },
}

type HostPathType =
  | ''
  | 'DirectoryOrCreate'
  | 'Directory'
  | 'FileOrCreate'
  | 'File'
  | 'Socket'
  | 'CharDevice'
  | 'BlockDevice'

/** hostPath: something of the node's own, checked for its type. */
export const hostPathVolumes: VolumePlugin = {
  name: 'kubernetes.io/host-path',
  supports: ({ hostPath }) => Boolean(hostPath),
  async mount({ volume }) {
    const { path, type = '' } = volume.hostPath!
    await prepareHostPath(path, type as HostPathType)
    return { hostPath: path }
  },
}

async function prepareHostPath(path: string, type: HostPathType): Promise<void> {
  if (type === '') return
  const found = await stat(path).catch(() => undefined)
  if (!found && type === 'DirectoryOrCreate') await mkdir(path, { recursive: true, mode: 0o755 })
  else if (!found && type === 'FileOrCreate') await createFile(path)
  else if (!found || !isOfType(found, type))
    throw new Error(`hostPath type check failed: ${path} is not ${DESCRIPTIONS[type]}`)
}

async function createFile(path: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true })
  await (await open(path, 'a', 0o644)).close()
}

const DESCRIPTIONS: Record<Exclude<HostPathType, ''>, string> = {
  DirectoryOrCreate: 'a directory',
  Directory: 'a directory',
  FileOrCreate: 'a file',
  File: 'a file',
  Socket: 'a socket file',
  CharDevice: 'a character device',
  BlockDevice: 'a block device',
}

function isOfType(found: Awaited<ReturnType<typeof stat>>, type: Exclude<HostPathType, ''>): boolean {
  if (type === 'Directory' || type === 'DirectoryOrCreate') return found.isDirectory()
  if (type === 'File' || type === 'FileOrCreate') return found.isFile()
  if (type === 'Socket') return found.isSocket()
  return type === 'CharDevice' ? found.isCharacterDevice() : found.isBlockDevice()
}
