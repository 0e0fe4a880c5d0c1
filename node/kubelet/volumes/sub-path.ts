import { constants } from 'node:fs'
import { chmod, type FileHandle, mkdir, open, realpath, stat, writeFile } from 'node:fs/promises'
import { dirname, join, relative } from 'node:path'
import { isMounted, mount, unmountAll } from './mounts.ts'

/** `O_PATH` (Linux): a handle that names a file without opening it. */
const O_PATH = 0o10000000
const { O_NOFOLLOW, O_DIRECTORY } = constants

/**
 * Makes a path inside a volume visible at `target`, by a bind mount, and creates it as a folder when it is not there.
 * Containers can write to volumes: links that lead out of the volume are refused, and none can be slipped in between the
 * check and the mount, for each step is taken from the folder that was opened before it, and what is mounted is what is
 * open.
 * @throws Error when the path leads out of its volume.
 */
export async function bindSubPath(volume: string, path: string, target: string): Promise<void> {
  const root = await realpath(volume)
  const { mode } = await stat(root)
  const inside = await resolveInside(root, path)
  const handle = await openInside(root, inside, mode & 0o7777)
  try {
    if (await isShown(handle, target)) return
    await unmountAll(target)
    await makeTarget(target, (await handle.stat()).isDirectory())
    await mount('--no-canonicalize', '--bind', `/proc/${process.pid}/fd/${handle.fd}`, target)
  } finally {
    await handle.close()
  }
}

/** The path with the links of what is there already resolved, relative to the volume. */
async function resolveInside(root: string, path: string): Promise<string> {
  let there = join(root, path)
  const missing: string[] = []
  for (;;) {
    const real = await realpath(there).catch(() => undefined)
    if (real !== undefined) {
      const inside = relative(root, real)
      if (inside === '..' || inside.startsWith('../')) {
        throw new Error(`subpath "${path}" not within volume path "${root}"`)
      }
      return join(inside, ...missing)
    }
    missing.unshift(there.slice(dirname(there).length + 1))
    there = dirname(there)
  }
}

/** Opens a path step by step, never through a link; folders that are missing are made. */
async function openInside(root: string, path: string, mode: number): Promise<FileHandle> {
  let handle = await open(root, O_PATH | O_DIRECTORY)
  for (const name of path.split('/').filter(part => part !== '' && part !== '.')) {
    const next = await openStep(handle, name, mode).finally(() => handle.close())
    handle = next
  }
  return handle
}

async function openStep(folder: FileHandle, name: string, mode: number): Promise<FileHandle> {
  const path = `/proc/self/fd/${folder.fd}/${name}`
  const handle = await open(path, O_PATH | O_NOFOLLOW).catch(async error => {
    if (error.code !== 'ENOENT') throw error
    await mkdir(path)
    await chmod(path, mode)
    return open(path, O_PATH | O_NOFOLLOW)
  })
  if (!(await handle.stat()).isSymbolicLink()) return handle
  await handle.close()
  throw new Error(`subpath has an unexpected symlink "${name}"`)
}

/** True when the target shows this very file: an earlier start of the container mounted it. */
async function isShown(handle: FileHandle, target: string): Promise<boolean> {
  if (!(await isMounted(target))) return false
  const [wanted, shown] = await Promise.all([handle.stat(), stat(target).catch(() => undefined)])
  return shown !== undefined && wanted.dev === shown.dev && wanted.ino === shown.ino
}

async function makeTarget(target: string, isDirectory: boolean): Promise<void> {
  await mkdir(dirname(target), { recursive: true, mode: 0o750 })
  if (isDirectory) await mkdir(target, { recursive: true, mode: 0o750 })
  else await writeFile(target, '', { mode: 0o640 })
}
