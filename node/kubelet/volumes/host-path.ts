import { mkdir, open, stat } from 'node:fs/promises'
import type { VolumePlugin } from '../../../plugins/volume.ts'

type HostPathType =
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
  canSupport: ({ hostPath }) => Boolean(hostPath),
  async mount({ volume }) {
    const { path, type = '' } = volume.hostPath!
    if (type !== '') await prepare(path, type as HostPathType)
    return { hostPath: path }
  },
}

async function prepare(path: string, type: HostPathType): Promise<void> {
  if (!DESCRIPTIONS[type]) throw new Error(`${type} is an invalid volume type`)
  const found = await stat(path).catch(() => undefined)
  if (!found && type === 'DirectoryOrCreate') await mkdir(path, { recursive: true, mode: 0o755 })
  else if (!found && type === 'FileOrCreate') await createFile(path)
  else if (!found || !isOfType(found, type)) {
    throw new Error(`hostPath type check failed: ${path} is not ${DESCRIPTIONS[type]}`)
  }
}

/** Folders on the way are not made: a typing error must not fill the node's disk with folders. */
async function createFile(path: string): Promise<void> {
  try {
    await (await open(path, 'a', 0o644)).close()
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'ENOENT') throw cause
    throw new Error(`open ${path}: no such file or directory`, { cause })
  }
}

const DESCRIPTIONS: Record<HostPathType, string> = {
  DirectoryOrCreate: 'a directory',
  Directory: 'a directory',
  FileOrCreate: 'a file',
  File: 'a file',
  Socket: 'a socket file',
  CharDevice: 'a character device',
  BlockDevice: 'a block device',
}

function isOfType(found: Awaited<ReturnType<typeof stat>>, type: HostPathType): boolean {
  if (type === 'Directory' || type === 'DirectoryOrCreate') return found.isDirectory()
  if (type === 'File' || type === 'FileOrCreate') return found.isFile()
  if (type === 'Socket') return found.isSocket()
  return type === 'CharDevice' ? found.isCharacterDevice() : found.isBlockDevice()
}
